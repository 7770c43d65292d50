import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy between a service and the realm: it counts grants, and can hold them or be away. */
export interface RealmProxy {
  readonly url: string
  /** Refresh grants since the last reset. */
  refreshes: number
  /** Breaks every connection while it is true. */
  away: boolean
  /** Called before a refresh is passed on. */
  onRefresh: () => Promise<void>
  close(): Promise<void>
}

/** Starts it for a realm's URL; the realm sees its own host. */
export async function startRealmProxy(realmUrl: string): Promise<RealmProxy> {
  const target = new URL(realmUrl)
  const server = createServer((incoming, outgoing) => {
    if (proxy.away) return void incoming.socket.destroy()
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const isRefresh = body.includes('grant_type=refresh_token')
      if (isRefresh) proxy.refreshes += 1
      const before = isRefresh ? proxy.onRefresh() : Promise.resolve()
      void before.then(() => {
        const headers = { ...incoming.headers, host: target.host }
        const { hostname, port } = target
        const passed = request(
          { hostname, port, path: incoming.url, method: incoming.method, headers },
          (reply) => {
            outgoing.writeHead(reply.statusCode ?? 502, reply.headers)
            reply.pipe(outgoing)
          },
        )
        passed.on('error', () => outgoing.destroy())
        passed.end(body)
      })
    })
  })
  // On a slow machine, a request could meet a connection that the server closes as idle.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const proxy: RealmProxy = {
    url: `http://127.0.0.1:${port}${target.pathname}`,
    refreshes: 0,
    away: false,
    onRefresh: async () => {},
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
