import { randomBytes } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier } from 'cloakwright'
import { cloakwright, requireUser, userOf } from 'cloakwright/fastify'
import { createSessions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import Fastify from 'fastify'
import { onTestFinished } from 'vitest'
import { Browser } from '../../session/support/browser.ts'
import { clientId, clientSecret, startProvider } from '../../session/support/provider.ts'
import { giveAccessTokens } from './access-tokens.ts'

/** A Fastify service that browsers reach through a proxy on the port. */
export interface ProxiedService {
  /** Where the service itself listens. */
  readonly port: number
  readonly publicUrl: string
  /** The codes of errors reported for the log. */
  readonly reported: string[]
  /** Opens a page with the public URL, and signs in on the way. */
  open(
    path: string,
  ): Promise<{ readonly status: number; readonly body: unknown; readonly visited: readonly string[] }>
}

export async function startProxiedService(proxyPort: number, trustProxy = false): Promise<ProxiedService> {
  const provider = await startProvider()
  giveAccessTokens(provider)
  const publicUrl = `http://localhost:${proxyPort}`
  const reported: string[] = []
  const app = Fastify({ trustProxy })
  await app.register(cloakwright, {
    verifier: createVerifier({ issuer: provider.issuer, audience: clientId }),
    sessions: createSessions({
      issuer: provider.issuer,
      clientId,
      clientSecret,
      publicUrl,
      keys: [{ id: 'k1', key: randomBytes(32) }],
      store: memorySessionStore(),
      onError: ({ code }) => reported.push(code),
    }),
  })
  app.get('/log', { onRequest: requireUser() }, (request) => ({ user: userOf(request).username }))
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  onTestFinished(async () => {
    await app.close()
    await provider.close()
  })
  const browser = new Browser({})
  return {
    port,
    publicUrl,
    reported,
    async open(path) {
      const response = await browser.open(publicUrl + path)
      return { status: response.status, body: await response.json(), visited: browser.visited }
    },
  }
}

/** Starts a small proxy; `change` returns the headers that the service receives. */
export async function startProxy(
  change: (headers: Record<string, string>, upstream: string) => Record<string, string>,
): Promise<{ readonly port: number; leadTo(port: number): void }> {
  let upstream = 0
  const server = createServer((request, response) => {
    const headers = change(request.headers as Record<string, string>, `127.0.0.1:${upstream}`)
    const { method, url } = request
    const inner = httpRequest({ host: '127.0.0.1', port: upstream, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(inner)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (port) => {
      upstream = port
    },
  }
}
