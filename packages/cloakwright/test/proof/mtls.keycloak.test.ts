import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMtls } from '../../src/proof/index.ts'
import { freePort, type Nginx, nginx, startNginx } from '../support/nginx.ts'
import { codeOf } from '../support/refusal.ts'
import { makeCertificate } from './support/certificates.ts'

// A real nginx terminates TLS in front of a service, which only sees nginx's header.

if (nginx === undefined)
  console.warn('nginx is not installed: its header with the client’s certificate is not tested')

const client = makeCertificate('client')
const another = makeCertificate('another')
const x5t = createHash('sha256').update(client.der).digest('base64url')

describe.skipIf(nginx === undefined)('a certificate that nginx forwards', () => {
  const mtls = createMtls({ header: 'x-ssl-cert', trustedProxies: ['127.0.0.1'] })
  const service = createServer((incoming, response) => {
    const fields = (field: string) => incoming.headersDistinct[field] ?? []
    const { socket } = incoming
    void codeOf(() => mtls.check(mtls.certificateOf({ socket, fields }), x5t)).then((code) =>
      response.end(code),
    )
  })
  let port: number
  let proxy: Nginx
  beforeAll(async () => {
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    port = await freePort()
    const own = makeCertificate('localhost')
    const upstream = (service.address() as AddressInfo).port
    const files = { 'cert.pem': own.cert, 'key.pem': own.key }
    proxy = await startNginx(port, serverOf(port, upstream), files)
  })
  afterAll(async () => {
    await proxy.close()
    service.close()
    service.closeAllConnections()
  })

  const codeFor = (options: object): Promise<string> =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...options }, (response) =>
        response.on('data', (data) => resolve(String(data))),
      )
        .on('error', reject)
        .end()
    })

  test('is accepted if the token is bound to it, or refused', async () => {
    expect(await codeFor({ key: client.key, cert: client.cert })).toBe('accepted')
    expect(await codeFor({ key: another.key, cert: another.cert })).toBe('CW_PROOF_CERTIFICATE')
    expect(await codeFor({})).toBe('CW_PROOF_CERTIFICATE')
  })

  test('is not taken from the client’s own header', async () => {
    const headers = { 'x-ssl-cert': encodeURIComponent(client.cert) }
    expect(await codeFor({ headers })).toBe('CW_PROOF_CERTIFICATE')
    expect(await codeFor({ headers, key: another.key, cert: another.cert })).toBe('CW_PROOF_CERTIFICATE')
  })
})

function serverOf(port: number, upstream: number): string {
  return `
    listen 127.0.0.1:${port} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    ssl_verify_client optional_no_ca;
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_set_header X-SSL-Cert $ssl_client_escaped_cert;
    }`
}
