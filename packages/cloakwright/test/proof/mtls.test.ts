import { createHash } from 'node:crypto'
import {
  createServer as createHttpServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
} from 'node:http'
import { connect as connectHttp2, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMtls, type Mtls, type MtlsOptions } from '../../src/proof/index.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { makeCertificate } from './support/certificates.ts'

const client = makeCertificate('client')
const another = makeCertificate('another')
const server = makeCertificate('localhost')
const x5t = createHash('sha256').update(client.der).digest('base64url')

/** The server's result for a request: the code of the check, with the client's thumbprint. */
const answerBy =
  (mtls: () => Mtls) =>
  (request: Pick<IncomingMessage, 'socket' | 'headersDistinct'>): Promise<string> => {
    const fields = (name: string) => request.headersDistinct[name] ?? []
    return codeOf(() => mtls().check(mtls().certificateOf({ socket: request.socket, fields }), x5t))
  }

async function listen(on: Server): Promise<number> {
  await new Promise<void>((resolve) => on.listen(0, '127.0.0.1', resolve))
  return (on.address() as AddressInfo).port
}

describe('from the TLS socket', () => {
  const mtls = createMtls({ from: 'socket' })
  const answer = answerBy(() => mtls)
  const tls = { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false }
  const https = createHttpsServer(
    tls,
    (request, response) => void answer(request).then((code) => response.end(code)),
  )
  let port: number
  beforeAll(async () => {
    port = await listen(https)
  })
  afterAll(() => void https.close())

  const codeFor = (options: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const all = { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...options }
      httpsRequest(all, (response) => response.on('data', (data) => resolve(String(data))))
        .on('error', reject)
        .end()
    })

  test.each(['TLSv1.2', 'TLSv1.3'])(
    'the certificate that the token is bound to, self-signed, by %s',
    async (version) => {
      const bounds = { minVersion: version, maxVersion: version }
      expect(await codeFor({ ...bounds, key: client.key, cert: client.cert })).toBe('accepted')
      expect(await codeFor({ ...bounds, key: another.key, cert: another.cert })).toBe('CW_PROOF_CERTIFICATE')
      expect(await codeFor(bounds)).toBe('CW_PROOF_CERTIFICATE')
    },
  )

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('the one of a resumed %s session', async (version) => {
    const bounds = { minVersion: version, maxVersion: version }
    let session: Buffer | undefined
    const resumed: boolean[] = []
    for (const _connection of ['first', 'second']) {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ...bounds,
        ...(session === undefined ? { key: client.key, cert: client.cert } : { session }),
      })
      socket.on('session', (ticket) => (session = ticket))
      socket.on('secureConnect', () => resumed.push(socket.isSessionReused()))
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      let text = ''
      for await (const data of socket) text += String(data)
      expect(text).toContain('accepted')
    }
    expect(resumed).toEqual([false, true])
  })

  test('headers are ignored', async () => {
    const headers = { 'client-cert': `:${client.der.toString('base64')}:` }
    expect(await codeFor({ headers })).toBe('CW_PROOF_CERTIFICATE')
  })

  test('with HTTP/2', async () => {
    const http2 = createSecureServer(tls, (request, response) => {
      void answer({ socket: request.socket, headersDistinct: {} }).then((code) => response.end(code))
    })
    await new Promise<void>((resolve) => http2.listen(0, '127.0.0.1', resolve))
    const { port: at } = http2.address() as AddressInfo
    const codes: string[] = []
    for (const own of [client, another]) {
      const session = connectHttp2(`https://127.0.0.1:${at}`, {
        rejectUnauthorized: false,
        key: own.key,
        cert: own.cert,
      })
      const stream = session.request({ ':path': '/' })
      let code = ''
      for await (const data of stream) code += String(data)
      codes.push(code)
      session.close()
    }
    http2.close()
    expect(codes).toEqual(['accepted', 'CW_PROOF_CERTIFICATE'])
  })

  test('a plain connection, or none: no certificate', () => {
    const fields = () => [client.der.toString('base64')]
    expect(mtls.certificateOf({ socket: { remoteAddress: '127.0.0.1' }, fields })).toBeUndefined()
    expect(mtls.certificateOf({ socket: undefined, fields })).toBeUndefined()
  })
})

const base64 = client.der.toString('base64')
const pem = client.cert
const forms: [string, string][] = [
  ['RFC 9440', `:${base64}:`],
  ['nginx, $ssl_client_escaped_cert', encodeURIComponent(pem)],
  ['Apache, PEM in one line', pem.replaceAll('\n', ' ')],
  ['HAProxy, base64 of the DER', base64],
  ['Traefik, escaped', encodeURIComponent(base64)],
  ['Traefik, with the chain', `${base64},${server.der.toString('base64')}`],
]

describe('from the header of a trusted proxy', () => {
  let mtls: Mtls
  const answer = answerBy(() => mtls)
  const http = createHttpServer(
    (request, response) => void answer(request).then((code) => response.end(code)),
  )
  let port: number
  beforeAll(async () => {
    port = await listen(http)
  })
  afterAll(() => void http.close())

  const codeFor = (
    headers: Record<string, string | string[]>,
    trustedProxies = ['127.0.0.0/8'],
  ): Promise<string> => {
    mtls = createMtls({ header: 'Client-Cert', trustedProxies })
    return new Promise((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', headers }, (response) =>
        response.on('data', (data) => resolve(String(data))),
      )
        .on('error', reject)
        .end()
    })
  }

  test.each(forms)('%s', async (_name, value) => {
    expect(await codeFor({ 'client-cert': value })).toBe('accepted')
  })

  test.each([
    ['no header', {}],
    ['an empty header', { 'client-cert': '' }],
    ['the header of Apache for a request without a certificate', { 'client-cert': '(null)' }],
    ['another header', { 'x-client-cert': base64 }],
    ['another certificate', { 'client-cert': another.der.toString('base64') }],
    [
      'another certificate first in the chain',
      { 'client-cert': `${another.der.toString('base64')},${base64}` },
    ],
    ['the header twice', { 'client-cert': [base64, base64] }],
    ['two fields made one', { 'client-cert': `${base64}, ${base64}` }],
    ['two certificates in PEM', { 'client-cert': encodeURIComponent(pem + pem) }],
    ['a broken escape', { 'client-cert': `${encodeURIComponent(pem)}%E9` }],
    ['a certificate cut short', { 'client-cert': base64.slice(0, -8) }],
    [
      'a certificate and more bytes',
      { 'client-cert': Buffer.concat([client.der, Buffer.alloc(3)]).toString('base64') },
    ],
    ['base64url', { 'client-cert': client.der.toString('base64url') }],
    ['any bytes', { 'client-cert': Buffer.alloc(600, 7).toString('base64') }],
  ])('refused: %s', async (_name, headers) => {
    expect(await codeFor(headers)).toBe('CW_PROOF_CERTIFICATE')
  })

  test('the header of an untrusted client is ignored, and not even read', async () => {
    expect(await codeFor({ 'client-cert': base64 }, ['10.0.0.0/8', '::1'])).toBe('CW_PROOF_CERTIFICATE')
    expect(
      mtls.certificateOf({ socket: { remoteAddress: '127.0.0.1' }, fields: () => ['unreadable'] }),
    ).toBeUndefined()
  })

  test.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['10.1.0.0/16', '::ffff:10.1.2.3', true],
    ['10.1.0.0/16', '::ffff:10.2.2.3', false],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['::1', undefined, false],
    ['::1', '', false],
    ['::1', 'localhost', false],
  ])('%s trusts %s: %s', (proxy, remoteAddress, trusted) => {
    const by = createMtls({ header: 'client-cert', trustedProxies: [proxy] })
    const certificate = by.certificateOf({ socket: { remoteAddress }, fields: () => [base64] })
    expect(certificate).toEqual(trusted ? client.der : undefined)
  })

  test('a refusal quotes nothing of the header', async () => {
    const by = createMtls({ header: 'client-cert', trustedProxies: ['::1'] })
    const read = () => by.certificateOf({ socket: { remoteAddress: '::1' }, fields: () => ['canary'] })
    const { message, hint } = (await refusalOf(read)) ?? {}
    expect(`${message} ${hint}`).toContain('client-cert')
    expect(`${message} ${hint}`).not.toContain('canary')
  })

  test('any string is a certificate, none, or a CloakwrightError', async () => {
    const by = createMtls({ header: 'client-cert', trustedProxies: ['::1'] })
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.base64String({ maxLength: 300 }),
      fc.base64String({ maxLength: 300 }).map((one) => `:${one}:`),
      fc
        .string({ maxLength: 100 })
        .map((one) => `-----BEGIN CERTIFICATE-----${one}-----END CERTIFICATE-----`),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 2 }), async (values) => {
        const read = () =>
          by.check(by.certificateOf({ socket: { remoteAddress: '::1' }, fields: () => values }), x5t)
        expect(await codeOf(read)).toBe('CW_PROOF_CERTIFICATE')
      }),
      { numRuns: 500 },
    )
  })
})

describe('start-up stops', () => {
  test.each<[string, string, unknown]>([
    ['with another source', 'CW_CONFIG_INVALID', { from: 'header' }],
    ['without a source', 'CW_CONFIG_INVALID', {}],
    ['without a trusted proxy', 'CW_CONFIG_MISSING', { header: 'client-cert', trustedProxies: [] }],
    ['with no list of proxies', 'CW_CONFIG_MISSING', { header: 'client-cert' }],
    ['with a name for a proxy', 'CW_CONFIG_INVALID', { header: 'client-cert', trustedProxies: ['proxy'] }],
    ['with everyone trusted', 'CW_CONFIG_INVALID', { header: 'client-cert', trustedProxies: ['0.0.0.0/0'] }],
    [
      'with too long a prefix',
      'CW_CONFIG_INVALID',
      { header: 'client-cert', trustedProxies: ['10.0.0.0/33'] },
    ],
    ['with an invalid header name', 'CW_CONFIG_INVALID', { header: 'client cert', trustedProxies: ['::1'] }],
  ])('%s', async (_name, code, options) => {
    expect(await codeOf(() => createMtls(options as MtlsOptions))).toBe(code)
  })
})
