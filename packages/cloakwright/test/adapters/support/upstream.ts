import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'

/** A request as the upstream received it, parsed as strictly as RFC 9112 allows. */
export interface UpstreamRequest {
  readonly method: string
  readonly target: string
  /** Names in lower case and values, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** All values of a header. */
  all(name: string): string[]
}

/** A server that keeps the bytes it receives, one string for each connection. */
export interface RawUpstream {
  readonly url: string
  readonly bytes: string[]
  readonly requests: UpstreamRequest[]
  /** What was wrong with the bytes, if anything. */
  readonly invalid: string[]
  /** The raw response to a request; without a result, the connection stays silent. */
  respond: (request: UpstreamRequest, socket: Socket) => string | undefined
  reset(): void
  close(): Promise<void>
}

const ok = (): string => 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'

export async function startRawUpstream(): Promise<RawUpstream> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const connection = upstream.bytes.push('') - 1
    let rest = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      upstream.bytes[connection] = (upstream.bytes[connection] ?? '') + text
      rest += text
      try {
        read()
      } catch (error) {
        upstream.invalid.push(String(error))
        socket.destroy()
      }
    })
    const read = (): void => {
      for (let next = parseRequest(rest); next !== undefined; next = parseRequest(rest)) {
        rest = next.rest
        upstream.requests.push(next.request)
        const answer = upstream.respond(next.request, socket)
        if (answer !== undefined) socket.write(answer, 'latin1')
      }
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: [],
    requests: [],
    invalid: [],
    respond: ok,
    reset() {
      for (const socket of sockets) socket.destroy()
      upstream.bytes.length = 0
      upstream.requests.length = 0
      upstream.invalid.length = 0
      upstream.respond = ok
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
  return upstream
}

function parseRequest(text: string): { request: UpstreamRequest; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [line = '', ...lines] = text.slice(0, end).split('\r\n')
  const [, method = '', target = ''] =
    /^([A-Z-]+) (\S+) HTTP\/1\.1$/.exec(line) ?? fail(`request line ${line}`)
  const fields = lines.map((one) => {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+): ?(.*)$/.exec(one) ?? fail(`header ${one}`)
    return [name.toLowerCase(), value] as const
  })
  const all = (wanted: string): string[] =>
    fields.filter(([name]) => name === wanted).map(([, value]) => value)
  const lengths = all('content-length')
  const codings = all('transfer-encoding')
  if (lengths.length + codings.length > 1) fail('more than one length')
  const after = text.slice(end + 4)
  const found =
    codings.length > 0 ? readChunks(after, codings[0] as string) : readLength(after, lengths[0] ?? '0')
  return found && { request: { method, target, fields, body: found.body, all }, rest: found.rest }
}

function readLength(text: string, length: string): { body: string; rest: string } | undefined {
  if (!/^\d+$/.test(length)) fail(`Content-Length ${length}`)
  if (text.length < Number(length)) return undefined
  return { body: text.slice(0, Number(length)), rest: text.slice(Number(length)) }
}

function readChunks(text: string, coding: string): { body: string; rest: string } | undefined {
  if (coding !== 'chunked') fail(`Transfer-Encoding ${coding}`)
  let at = 0
  let body = ''
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return undefined
    const head = text.slice(at, end)
    if (!/^[\da-f]+$/i.test(head)) fail(`chunk ${head}`)
    const size = Number.parseInt(head, 16)
    const next = end + 2 + size
    if (text.length < next + 2) return undefined
    if (text.slice(next, next + 2) !== '\r\n') fail('end of a chunk')
    body += text.slice(end + 2, next)
    at = next + 2
    if (size === 0) return { body, rest: text.slice(at) }
  }
}

function fail(what: string): never {
  throw new Error(`The upstream received an invalid ${what}`)
}
