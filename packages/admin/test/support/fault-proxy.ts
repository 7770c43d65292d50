import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that came through, without its values. */
export interface Seen {
  readonly method: string
  /** Without the query, and without a slash at its end: the official client sends some. */
  readonly path: string
}

/** What the proxy does in place of passing a request on: answers itself, or breaks the connection before or after it was served. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'reset'
  | 'reset after'
  | 'silence'

/** A server in front of a realm that counts requests and injects faults. */
export interface FaultProxy {
  /** Base URL, without a trailing slash. */
  readonly url: string
  readonly seen: Seen[]
  /** The next requests of this method whose path has this end meet these faults, one each. */
  fail(method: string, pathEnd: string, ...faults: Fault[]): void
  /** How many requests with this method, or with one of these methods, went to the Admin API. */
  count(...methods: string[]): number
  /** How many tokens were asked for. */
  tokens(): number
  /** Forgets what it has seen. */
  reset(): void
  close(): Promise<void>
}

export async function openFaultProxy(target: string): Promise<FaultProxy> {
  const seen: Seen[] = []
  const rules: { method: string; pathEnd: string; faults: Fault[] }[] = []

  function faultFor({ method, path }: Seen): Fault | undefined {
    return rules
      .find((rule) => rule.method === method && path.endsWith(rule.pathEnd) && rule.faults.length > 0)
      ?.faults.shift()
  }

  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '' } = incoming
    const entry = { method, path: (url.split('?')[0] ?? '').replace(/\/$/, '') }
    seen.push(entry)
    const fault = faultFor(entry)
    if (fault === undefined) forward(target, incoming, outgoing)
    else if (fault === 'reset') incoming.socket.destroy()
    else if (fault === 'reset after') forward(target, incoming, outgoing, () => incoming.socket.destroy())
    else if (fault !== 'silence') {
      outgoing
        .writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
        .end(fault.body ?? '{}')
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    fail: (method, pathEnd, ...faults) => void rules.push({ method, pathEnd, faults }),
    count: (...methods) =>
      seen.filter(({ method, path }) => path.startsWith('/admin/') && methods.includes(method)).length,
    tokens: () => seen.filter(({ path }) => path.endsWith('/token')).length,
    reset() {
      seen.length = 0
      rules.length = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  instead?: () => void,
): void {
  const { method, headers, url } = incoming
  // The Host header goes along: a realm without a fixed hostname takes its issuer from it.
  const onward = request(`${target}${url}`, { method, headers }, (answer) => {
    if (instead !== undefined) {
      answer.resume()
      answer.on('end', instead)
      return
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
}
