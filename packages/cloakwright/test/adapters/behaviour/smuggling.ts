import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Service } from '../drivers/types.ts'
import type { RawUpstream } from '../support/upstream.ts'

/** What the upstream may get of a raw message: nothing, or requests whose only length is their own. */
type Expected = 'refused' | { readonly body: string } | { readonly targets: readonly string[] }

interface Smuggled {
  readonly name: string
  /** The bytes; HEAD stands for the lines that every request has. */
  readonly raw: string
  readonly expected: Expected
}

const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'
const hiddenLength = hidden.length
const post = 'POST /api/x HTTP/1.1\r\nHEAD'
const chunkedBody = `0\r\n\r\n${hidden}`

/**
 * Messages whose end two servers may see at different places. Whatever this service makes of them, the upstream must see
 * the same requests.
 */
const corpus: readonly Smuggled[] = [
  {
    name: 'CL.TE',
    raw: `${post}Content-Length: ${hiddenLength + 5}\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'TE.CL',
    raw: `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${hiddenLength.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'two lengths that differ',
    raw: `${post}Content-Length: 0\r\nContent-Length: ${hiddenLength}\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  {
    name: 'two lengths that are equal',
    raw: `${post}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`,
    expected: 'refused',
  },
  { name: 'two lengths in one header', raw: `${post}Content-Length: 2, 2\r\n\r\nab`, expected: 'refused' },
  { name: 'a negative length', raw: `${post}Content-Length: -1\r\n\r\n${hidden}`, expected: 'refused' },
  { name: 'a length with a sign', raw: `${post}Content-Length: +2\r\n\r\nab`, expected: 'refused' },
  { name: 'a hexadecimal length', raw: `${post}Content-Length: 0x2\r\n\r\nab`, expected: 'refused' },
  {
    name: 'a length with a space inside',
    raw: `${post}Content-Length: 1 0\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  {
    name: 'a length beyond any number',
    raw: `${post}Content-Length: 99999999999999999999999\r\n\r\nab`,
    expected: 'refused',
  },
  {
    name: 'a space before the colon of the length',
    raw: `${post}Content-Length : ${hiddenLength}\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  {
    name: 'a space before the colon of the coding',
    raw: `${post}Transfer-Encoding : chunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'a vertical tab before the coding',
    raw: `${post}Transfer-Encoding:\u000bchunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'an unknown coding',
    raw: `${post}Transfer-Encoding: xchunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'chunked before another coding',
    raw: `${post}Transfer-Encoding: chunked, identity\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'another coding before chunked',
    raw: `${post}Transfer-Encoding: gzip, chunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'two codings',
    raw: `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'chunked twice',
    raw: `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'the coding in quotes',
    raw: `${post}Transfer-Encoding: "chunked"\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'a folded coding',
    raw: `${post}Transfer-Encoding:\r\n chunked\r\n\r\n${chunkedBody}`,
    expected: 'refused',
  },
  {
    name: 'a folded header',
    raw: `${post}X-A: 1\r\n Content-Length: ${hiddenLength}\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'a header that starts with a line feed alone',
    raw: `${post}X-A: 1\nContent-Length: ${hiddenLength}\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  {
    name: 'a carriage return inside a header',
    raw: `${post}X-A: 1\rContent-Length: ${hiddenLength}\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  { name: 'a NUL in a header', raw: `${post}X-A: 1\u0000\r\nContent-Length: 0\r\n\r\n`, expected: 'refused' },
  { name: 'a header without a colon', raw: `${post}Content-Length 5\r\n\r\n${hidden}`, expected: 'refused' },
  {
    name: 'a chunk size with a sign',
    raw: `${post}Transfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'a chunk size with a prefix',
    raw: `${post}Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'a chunk size beyond any number',
    raw: `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff2\r\nab\r\n0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'a chunk without its end',
    raw: `${post}Transfer-Encoding: chunked\r\n\r\n2\r\nabX0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'a chunk that ends with a line feed alone',
    raw: `${post}Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'chunk extensions',
    raw: `${post}Transfer-Encoding: chunked\r\n\r\n2;a=b;c="d"\r\nab\r\n0;e\r\n\r\n`,
    expected: { body: 'ab' },
  },
  {
    name: 'trailers',
    raw: `${post}Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n2\r\nab\r\n0\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`,
    expected: { body: 'ab' },
  },
  {
    name: 'a body of a GET',
    raw: `GET /api/x HTTP/1.1\r\nHEADContent-Length: ${hiddenLength}\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  {
    name: 'a chunked body of a GET',
    raw: `GET /api/x HTTP/1.1\r\nHEADTransfer-Encoding: chunked\r\n\r\n${hiddenLength.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    expected: 'refused',
  },
  {
    name: 'a body of a HEAD',
    raw: `HEAD /api/x HTTP/1.1\r\nHEADContent-Length: ${hiddenLength}\r\n\r\n${hidden}`,
    expected: 'refused',
  },
  {
    name: 'Expect: 100-continue',
    raw: `${post}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab`,
    expected: { body: 'ab' },
  },
  {
    name: 'a body whose length is a header of the connection',
    raw: `${post}Connection: Content-Length\r\nContent-Length: ${hiddenLength}\r\n\r\n${hidden}`,
    expected: { body: hidden },
  },
  {
    name: 'a coding that is a header of the connection',
    raw: `${post}Connection: Transfer-Encoding, Host, Authorization\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
    expected: { body: 'ab' },
  },
  {
    name: 'HTTP/2 over an upgrade',
    raw: 'GET /api/x HTTP/1.1\r\nHEADConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n',
    expected: { targets: ['/v1/x'] },
  },
  {
    name: 'a WebSocket, where nothing accepts one',
    raw: 'GET /api/x HTTP/1.1\r\nHEADConnection: Upgrade, close\r\nUpgrade: websocket\r\nOrigin: https://app.example.com\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    expected: { targets: ['/v1/x'] },
  },
  {
    name: 'two requests, one after the other',
    raw: 'GET /api/a HTTP/1.1\r\nHEAD\r\nGET /api/b HTTP/1.1\r\nHEAD\r\n',
    expected: { targets: ['/v1/a', '/v1/b'] },
  },
  {
    name: 'an absolute target on another host',
    raw: 'GET http://pirate.example/api/x HTTP/1.1\r\nHEAD\r\n',
    expected: 'refused',
  },
  {
    name: 'an absolute target on this host',
    raw: 'GET http://a/api/x HTTP/1.1\r\nHEAD\r\n',
    expected: 'refused',
  },
  {
    name: 'a target that starts with a host',
    raw: 'GET //pirate.example/api/x HTTP/1.1\r\nHEAD\r\n',
    expected: 'refused',
  },
  {
    name: 'a target with a user name',
    raw: 'GET @pirate.example/api/x HTTP/1.1\r\nHEAD\r\n',
    expected: 'refused',
  },
  { name: 'a fragment', raw: 'GET /api/x#/../../admin HTTP/1.1\r\nHEAD\r\n', expected: 'refused' },
  {
    name: 'a line break in the target',
    raw: 'GET /api/x\nX-Forwarded-For:6.6.6.6 HTTP/1.1\r\nHEAD\r\n',
    expected: 'refused',
  },
  { name: 'a space in the target', raw: 'GET /api/x HTTP/1.1 HTTP/1.1\r\nHEAD\r\n', expected: 'refused' },
  { name: 'dot segments', raw: 'GET /api/../hidden HTTP/1.1\r\nHEAD\r\n', expected: 'refused' },
  { name: 'TRACE', raw: 'TRACE /api/x HTTP/1.1\r\nHEAD\r\n', expected: 'refused' },
  { name: 'CONNECT', raw: 'CONNECT /api/x HTTP/1.1\r\nHEAD\r\n', expected: 'refused' },
  {
    name: 'HTTP/1.0 with a coding',
    raw: `POST /api/x HTTP/1.0\r\nHEADTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
    expected: 'refused',
  },
]

const smuggledHeaders = ['cookie', 'trailer', 'upgrade', 'http2-settings', 'expect', 'x-forwarded-user']

/** Sends every message of the corpus over a connection of its own, and compares the bytes that the upstream received. */
export function smuggling(at: {
  service: () => Service
  upstream: () => RawUpstream
  cookie: () => string
}): void {
  describe('the upstream sees the requests that this service sees', () => {
    test.each(corpus)('$name', async ({ raw, expected }) => {
      const upstream = at.upstream()
      const head = `Host: a\r\nCookie: ${at.cookie()}\r\nX-CSRF: 1\r\nSec-Fetch-Site: same-origin\r\n`
      const statuses = await exchange(
        at.service().port,
        raw.replaceAll('HEAD', (word, at_: number) => (at_ === 0 ? word : head)),
      )
      expect(upstream.invalid).toEqual([])
      expect(upstream.bytes.join('')).not.toMatch(
        /^GET \/hidden/m.test(raw) && expected === 'refused' ? /hidden/ : /6\.6\.6\.6/,
      )
      for (const { fields, all } of upstream.requests) {
        for (const name of smuggledHeaders) expect(all(name)).toEqual([])
        expect(all('authorization')).toEqual([expect.stringMatching(/^Bearer ey/)])
        expect(all('host')).toHaveLength(1)
        expect(
          fields.filter(([name]) => name === 'content-length' || name === 'transfer-encoding').length,
        ).toBeLessThan(2)
      }
      if (expected === 'refused') {
        expect(upstream.requests.map(({ target, body }) => [target, body])).toEqual([])
        expect(statuses.filter((status) => status < 400)).toEqual([])
      } else if ('body' in expected)
        expect(upstream.requests.map(({ body }) => body)).toEqual([expected.body])
      else expect(upstream.requests.map(({ target }) => target)).toEqual(expected.targets)
    })
  })
}

/** The last request on each connection: its response closes the connection, if the service sees the request. */
const last = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** Sends bytes, and resolves to the statuses of all responses once the service closes the connection. */
function exchange(port: number, raw: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(raw + last, 'latin1'))
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? undefined : reject(error),
    )
    socket.on('close', () =>
      resolve([...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))),
    )
  })
}
