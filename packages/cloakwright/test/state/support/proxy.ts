import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A proxy between a replica and its database that can fail like a network. */
export interface Proxy {
  readonly port: number
  /** From now on, open connections transfer nothing, but none of them ends. */
  freeze(): void
  /** Refuses new connections. */
  refuse(): void
  /** Refuses new connections, and closes the open ones. */
  down(): void
  up(): void
  close(): Promise<void>
}

/** Starts a proxy on loopback to another port of loopback. */
export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let refusing = false
  const server = createServer((near) => {
    if (refusing) {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    near.pipe(far).pipe(near)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.on('close', () => {
        pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const end = (): void => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
      }
    },
    refuse() {
      refusing = true
    },
    down() {
      refusing = true
      end()
    },
    up() {
      refusing = false
    },
    async close() {
      end()
      server.close()
      await once(server, 'close')
    },
  }
}
