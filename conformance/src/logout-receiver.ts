import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request that the receiver got. */
export interface LogoutRequest {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingHttpHeaders
  /** The names of the form's fields. */
  readonly fields: string[]
  readonly token: string
}

/** The back-channel logout endpoints of clients, one path each, on a real HTTP server. */
export interface LogoutReceiver {
  /** Without a trailing slash. */
  readonly url: string
  /** Answers requests in this way from now on; default: 200. */
  answer(respond: (response: ServerResponse) => void): void
  /** The requests since the last call. */
  take(): LogoutRequest[]
  close(): void
}

/** Starts a receiver on a free port of the loopback interface. */
export async function openLogoutReceiver(): Promise<LogoutReceiver> {
  const requests: LogoutRequest[] = []
  let respond = ok
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    void text(request).then((body) => {
      const form = new URLSearchParams(body)
      const token = form.get('logout_token') ?? ''
      requests.push({ method, path: url, headers, fields: [...form.keys()], token })
      respond(response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    answer: (next) => {
      respond = next
    },
    take: () => requests.splice(0),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Answers with this status and headers. */
export function status(
  code: number,
  headers: Record<string, string> = {},
): (response: ServerResponse) => void {
  return (response) => response.writeHead(code, headers).end()
}

export const ok: (response: ServerResponse) => void = status(200)
