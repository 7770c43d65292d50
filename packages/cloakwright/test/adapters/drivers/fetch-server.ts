import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import type { Service } from './types.ts'

/** Serves a handler of the form `Request → Response` on loopback, like a runtime that exposes only the Request. */
export async function serveFetch(handler: (request: Request) => Promise<Response>): Promise<Service> {
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const headers = new Headers()
    const raw = incoming.rawHeaders
    for (let at = 0; at < raw.length; at += 2) headers.append(raw[at] as string, raw[at + 1] as string)
    const { method = 'GET', url = '/' } = incoming
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const body: RequestInit = hasBody ? { body: incoming as unknown as ReadableStream, duplex: 'half' } : {}
    const response = await handler(
      new Request(`http://${headers.get('host')}${url}`, { method, headers, ...body }),
    )
    outgoing.writeHead(response.status, [...response.headers].flat())
    if (method === 'HEAD' || response.body === null) outgoing.end()
    // The client may go while the body is sent.
    else await pipeline(Readable.fromWeb(response.body as NodeStream), outgoing).catch(() => {})
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
