import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that came through, without its body. */
export interface Seen {
  readonly method: string
  /** Without the query, and without a slash at its end: the official client sends some. */
  readonly path: string
  /** Without its question mark. */
  readonly query: string
}

/** What the proxy does in place of passing a request on: answers itself, or breaks or keeps the connection, before or after it was served. */
export type Fault =
  | {
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
      /** Answers this after the request was served, as a gateway does that waited too long. */
      readonly after?: boolean
    }
  | 'reset'
  | 'reset after'
  | 'silence'
  | 'silence after'

/** Faults that a client in front of a real server meets. The silent ones last until the client's own time-out. */
export const commonFaults: readonly Fault[] = [
  { status: 429, headers: { 'retry-after': '0' } },
  { status: 503, headers: { 'retry-after': '0' } },
  { status: 504, after: true },
  'reset',
  'reset after',
  'silence',
  'silence after',
]

export interface Storm {
  /** The share of requests that meet a fault, from 0 to 1: 0.05 is 5 %. */
  readonly share: number
  /** The same seed draws the same faults for the same requests in the same order. Default: 1. */
  readonly seed?: number
  /** Drawn with equal chances. Default: {@link commonFaults}. */
  readonly faults?: readonly Fault[]
}

/** A server in front of a realm that counts requests and injects faults. */
export interface FaultProxy {
  /** Base URL, without a trailing slash. */
  readonly url: string
  readonly seen: Seen[]
  /** The next requests of this method whose path has this end meet these faults, one each. */
  fail(method: string, pathEnd: string, ...faults: Fault[]): void
  /** From now on the server takes `name` for `other` in paths and searches, as a database does that matches letters loosely. */
  confuse(name: string, other: string): void
  /** From now on a share of all requests, those for tokens too, meets faults drawn from a seeded generator. Ends with `reset`. */
  storm(storm: Storm): void
  /** How many faults were injected. */
  faults(): number
  /** How many requests with this method, or with one of these methods, went to the Admin API. */
  count(...methods: string[]): number
  /** How many tokens were asked for. */
  tokens(): number
  /** Forgets what it has seen, and what it must do. */
  reset(): void
  close(): Promise<void>
}

export async function openFaultProxy(target: string): Promise<FaultProxy> {
  const seen: Seen[] = []
  const rules: { method: string; pathEnd: string; faults: Fault[] }[] = []
  const confused = new Map<string, string>()
  let drawn: () => Fault | undefined = () => undefined
  let injected = 0

  function faultFor({ method, path }: Seen): Fault | undefined {
    const rule = rules.find(
      (each) => each.method === method && path.endsWith(each.pathEnd) && each.faults.length > 0,
    )
    return rule?.faults.shift() ?? drawn()
  }

  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '' } = incoming
    const [path = '', query = ''] = url.split('?')
    const entry = { method, path: path.replace(/\/$/, ''), query }
    seen.push(entry)
    const fault = faultFor(entry)
    if (fault !== undefined) injected += 1
    incoming.url = confusedUrl(url, confused)
    inject(fault, target, incoming, outgoing)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    fail: (method, pathEnd, ...faults) => void rules.push({ method, pathEnd, faults }),
    confuse: (name, other) => void confused.set(name, other),
    storm({ share, seed = 1, faults = commonFaults }) {
      const random = generator(seed)
      // Two numbers a request, so that the kind that one draws does not shift those after it.
      drawn = () => {
        const [chance, kind] = [random(), random()]
        return chance < share ? faults[Math.floor(kind * faults.length)] : undefined
      }
    },
    faults: () => injected,
    count: (...methods) =>
      seen.filter(({ method, path }) => path.startsWith('/admin/') && methods.includes(method)).length,
    tokens: () => seen.filter(({ path }) => path.endsWith('/token')).length,
    reset() {
      seen.length = 0
      rules.length = 0
      confused.clear()
      drawn = () => undefined
      injected = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function confusedUrl(url: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0 || !url.startsWith('/admin/')) return url
  const [path = '', query = ''] = url.split('?')
  const swapped = (text: string): string => {
    const other = names.get(decodeURIComponent(text))
    return other === undefined ? text : encodeURIComponent(other)
  }
  const parameters = new URLSearchParams(query)
  for (const [key, value] of parameters) parameters.set(key, names.get(value) ?? value)
  return `${path.split('/').map(swapped).join('/')}?${parameters}`
}

function inject(
  fault: Fault | undefined,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const destroy = (): void => void incoming.socket.destroy()
  if (fault === undefined) return forward(target, incoming, outgoing)
  if (fault === 'reset') return destroy()
  if (fault === 'reset after') return forward(target, incoming, outgoing, destroy)
  if (fault === 'silence after') return forward(target, incoming, outgoing, () => {})
  if (fault === 'silence') return
  const { status, headers, body, after } = fault
  const answer = (): void => {
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body ?? '{}')
  }
  if (after === true) forward(target, incoming, outgoing, answer)
  else answer()
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

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
