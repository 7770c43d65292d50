import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Browser, toApp } from '../../session/support/browser.ts'

export { Browser, toApp }

/** A request as the API received it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** An API over real HTTP whose responses a test controls. */
export interface TestApi {
  readonly origin: string
  /** The requests, in order. */
  readonly received: Received[]
  answer: (request: Received, response: ServerResponse) => void
  close(): Promise<void>
}

export async function startApi(): Promise<TestApi> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request
      const received = { method, path, headers, body: Buffer.concat(chunks).toString() }
      api.received.push(received)
      api.answer(received, response)
    })
  })
  // On a slow machine, a request could meet a connection that the server closes as idle.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const api: TestApi = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer: (_, response) => void response.end('ok'),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return api
}

/** Refuses a token as RFC 6750 §3.1 says. */
export function refuseToken(response: ServerResponse): void {
  response
    .writeHead(401, { 'www-authenticate': 'Bearer realm="stock", error="invalid_token"' })
    .end('refused')
}
