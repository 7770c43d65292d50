import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, connect, createServer as createSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMtls } from '../../src/proof/index.ts'
import { codeOf } from '../support/refusal.ts'
import { makeCertificate } from './support/certificates.ts'

// A real nginx ends TLS in front of a service, which has nothing but nginx's field to go by.

const nginx = ['nginx', '/usr/sbin/nginx'].find((file) => spawnSync(file, ['-v']).status === 0)
if (nginx === undefined)
  console.warn('nginx is not installed: its field with the client’s certificate is not tested')

const client = makeCertificate('client')
const another = makeCertificate('another')
const x5t = createHash('sha256').update(client.der).digest('base64url')

describe.skipIf(nginx === undefined)('a certificate that nginx passes on', () => {
  const mtls = createMtls({ header: 'x-ssl-cert', trustedProxies: ['127.0.0.1'] })
  const service = createServer((incoming, response) => {
    const fields = (field: string) => incoming.headersDistinct[field] ?? []
    const { socket } = incoming
    void codeOf(() => mtls.check(mtls.certificateOf({ socket, fields }), x5t)).then((code) =>
      response.end(code),
    )
  })
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-nginx-'))
  let port: number
  let child: ChildProcess
  beforeAll(async () => {
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    port = await freePort()
    const own = makeCertificate('localhost')
    writeFileSync(join(folder, 'cert.pem'), own.cert)
    writeFileSync(join(folder, 'key.pem'), own.key)
    writeFileSync(
      join(folder, 'nginx.conf'),
      configuration(folder, port, (service.address() as AddressInfo).port),
    )
    child = spawn(nginx ?? '', [
      '-p',
      folder,
      '-e',
      join(folder, 'error.log'),
      '-c',
      join(folder, 'nginx.conf'),
    ])
    await reachable(port, child)
  })
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await ended
    service.close()
    service.closeAllConnections()
    rmSync(folder, { recursive: true, force: true })
  })

  const codeFor = (options: object): Promise<string> =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...options }, (response) =>
        response.on('data', (data) => resolve(String(data))),
      )
        .on('error', reject)
        .end()
    })

  test('is the one that the token is bound to, or is refused', async () => {
    expect(await codeFor({ key: client.key, cert: client.cert })).toBe('accepted')
    expect(await codeFor({ key: another.key, cert: another.cert })).toBe('CW_PROOF_CERTIFICATE')
    expect(await codeFor({})).toBe('CW_PROOF_CERTIFICATE')
  })

  test('is not what the client writes into the field', async () => {
    const headers = { 'x-ssl-cert': encodeURIComponent(client.cert) }
    expect(await codeFor({ headers })).toBe('CW_PROOF_CERTIFICATE')
    expect(await codeFor({ headers, key: another.key, cert: another.cert })).toBe('CW_PROOF_CERTIFICATE')
  })
})

function configuration(home: string, port: number, upstream: number): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
master_process off;
pid ${home}/nginx.pid;
events {}
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${home}/${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${home}/cert.pem;
    ssl_certificate_key ${home}/key.pem;
    ssl_verify_client optional_no_ca;
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_set_header X-SSL-Cert $ssl_client_escaped_cert;
    }
  }
}
`
}

async function freePort(): Promise<number> {
  const socket = createSocket()
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve))
  const { port } = socket.address() as AddressInfo
  await new Promise((resolve) => socket.close(resolve))
  return port
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  let text = ''
  child.stderr?.on('data', (data) => (text += String(data)))
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${text}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined))
      socket.on('error', () => resolve(false))
    })
    if (open) return
    await delay(50)
  }
  throw new Error(`nginx does not listen: ${text}`)
}
