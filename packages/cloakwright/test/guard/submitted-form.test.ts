import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { SubmittedForm } from 'cloakwright/session'
import { describe, expect, it, test } from 'vitest'
import { webFramework } from '../../src/guard/protect.ts'
import {
  frameworkOfNode,
  fromIncoming,
  fromWebRequest,
  readSubmittedForm,
} from '../../src/guard/request/index.ts'

const urlencoded = 'application/x-www-form-urlencoded'
const url = 'https://app.example.com/orders'

/** The body is still unread. */
function read(body: RequestInit['body'], type = urlencoded, more = {}): Promise<SubmittedForm | undefined> {
  const headers = type === '' ? more : { 'content-type': type, ...more }
  const request = new Request(url, { method: 'POST', headers, body: body ?? null })
  return readSubmittedForm(fromWebRequest(request, request, webFramework))
}

/** A parser has read the body. */
function readParsed(body: unknown): Promise<SubmittedForm | undefined> {
  const incoming = Readable.from(['x']) as unknown as IncomingMessage
  const headers = { 'content-type': urlencoded }
  Object.assign(incoming, {
    method: 'POST',
    url: '/orders',
    rawHeaders: ['content-type', urlencoded],
    headers,
    body,
  })
  Object.defineProperty(incoming, 'readableDidRead', { value: true })
  return readSubmittedForm(fromIncoming(incoming, incoming as never, frameworkOfNode))
}

const fields = (text: string): readonly (readonly [string, string])[] => [...new URLSearchParams(text)]

describe('a form that nothing has read', () => {
  it.each(['', 'a=1', 'a=1&b=2&a=3', 'a=%C3%A9%0D%0A&b=%26', 'a[]=1&a[b]=2'])(
    '%j is read as it is',
    async (text) => {
      expect(await read(text)).toEqual({ type: urlencoded, fields: fields(text) })
    },
  )

  it('may name its charset, if it is UTF-8', async () => {
    expect(await read('a=1', `${urlencoded}; charset="UTF-8"`)).toBeDefined()
    expect(await read('a=1', `${urlencoded}; charset=windows-1252`)).toBeUndefined()
  })

  it.each([
    ['NUL', 'a=%00'],
    ['NUL in a name', 'a%00=1'],
    ['bytes that are not UTF-8', 'a=%E9'],
    ['raw bytes that are not UTF-8', Buffer.from([0x61, 0x3d, 0xe9])],
    ['a field without a name', '=1'],
    ['1,001 fields', 'a=1&'.repeat(1001)],
    ['64,001 bytes', `a=${'x'.repeat(63_999)}`],
  ])('is not saved with %s', async (_what, body) => {
    expect(await read(body)).toBeUndefined()
  })

  it('is not saved if it is compressed', async () => {
    expect(await read('a=1', urlencoded, { 'content-encoding': 'gzip' })).toBeUndefined()
  })

  it('is read only up to the limit', async () => {
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 16_384
        controller.enqueue(new Uint8Array(16_384).fill(120))
      },
    })
    const request = new Request(url, {
      method: 'POST',
      headers: { 'content-type': urlencoded },
      body: endless,
      duplex: 'half',
    } as RequestInit)
    expect(await readSubmittedForm(fromWebRequest(request, request, webFramework))).toBeUndefined()
    expect(sent).toBeLessThan(200_000)
  })

  it('is not saved if the client goes away', async () => {
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error('aborted')),
    })
    const init = { method: 'POST', headers: { 'content-type': urlencoded }, body: broken, duplex: 'half' }
    const request = new Request(url, init as RequestInit)
    expect(await readSubmittedForm(fromWebRequest(request, request, webFramework))).toBeUndefined()
  })
})

describe('a multipart form', () => {
  const readForm = async (form: FormData): Promise<SubmittedForm | undefined> => {
    const { headers, body } = new Response(form)
    return await read(await new Response(body).arrayBuffer(), headers.get('content-type') ?? '')
  }

  it('is read if it has no file', async () => {
    const form = new FormData()
    form.append('title', 'Zürich\r\n2')
    form.append('title', 'x')
    // The user chose no file.
    form.append('photo', new File([], ''))
    const expected = [
      ['title', 'Zürich\r\n2'],
      ['title', 'x'],
    ]
    const saved = await readForm(form)
    expect(saved?.fields.slice(0, 2)).toEqual(expected)
    expect(saved?.type).toBe('multipart/form-data')
    form.append('photo', new File(['GIF'], 'me.gif'))
    expect(await readForm(form)).toBeUndefined()
  })

  it('is not saved if it is broken', async () => {
    expect(await read('--x\r\nnonsense', 'multipart/form-data; boundary=x')).toBeUndefined()
    expect(await read('', 'multipart/form-data')).toBeUndefined()
  })
})

describe('a form that a parser has read', () => {
  test.each<[string, unknown, string]>([
    ['a string', 'a=1&b=2', 'a=1&b=2'],
    ['bytes', Buffer.from('a=1&b=%C3%A9'), 'a=1&b=%C3%A9'],
    ['an object', { a: '1', b: 'é' }, 'a=1&b=%C3%A9'],
    ['repeated fields', { a: ['1', '2'], b: '3' }, 'a=1&a=2&b=3'],
    ['members, as qs reads them', { a: { b: '1', c: { d: '2' } } }, 'a[b]=1&a[c][d]=2'],
    ['a list of one', { a: ['1'] }, 'a[]=1'],
    ['a list of objects', { a: [{ b: '1' }, { b: '2' }] }, 'a[0][b]=1&a[1][b]=2'],
    ['a prototype’s name', JSON.parse('{"__proto__":"1","constructor":"2"}'), '__proto__=1&constructor=2'],
    ['nothing', {}, ''],
  ])('%s', async (_what, body, text) => {
    expect(await readParsed(body)).toEqual({ type: urlencoded, fields: fields(text) })
  })

  test.each<[string, unknown]>([
    ['a number', { a: 1 }],
    ['null', { a: null }],
    ['an empty list', { a: [] }],
    ['an empty object', { a: {} }],
    ['a file', { a: new File(['x'], 'x') }],
    ['no body', undefined],
    ['too many fields', { a: Array.from({ length: 1001 }, () => '1') }],
    ['too long', { a: 'x'.repeat(64_000) }],
    ['too long a string', 'x'.repeat(64_001)],
    ['NUL', { a: '\0' }],
  ])('is not saved: %s', async (_what, body) => {
    expect(await readParsed(body)).toBeUndefined()
  })

  it('is not saved if it refers to itself', async () => {
    const body: Record<string, unknown> = {}
    body['a'] = body
    expect(await readParsed(body)).toBeUndefined()
  })
})
