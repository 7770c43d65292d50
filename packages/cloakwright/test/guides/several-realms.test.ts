import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevRealm, type DevRealm } from '@cloakwright/devrealm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { send } from '../adapters/behaviour/client.ts'
import { overHttp } from '../adapters/behaviour/session-world.ts'
import { Browser } from '../session/support/browser.ts'
import { signIn } from '../session/support/realm.ts'
import { blocksOf, type Folder, form, freeUrl, openFolder, type Program, start } from './support/programs.ts'

// The guide's app by host, as it is, with two embedded realms.

const tenants = ['acme', 'globex'] as const
type Tenant = (typeof tenants)[number]

let folder: Folder
let realm: DevRealm
let server: string
let port: number
let program: Program
const originOf = (tenant: Tenant): string => `http://${tenant}.localhost:${port}`

beforeAll(async () => {
  folder = openFolder()
  for (const { file, code } of blocksOf('several-realms.md')) folder.write(file ?? '', code)
  realm = await createDevRealm({ admin: { username: 'admin', password: 'admin' } })
  const origin = await freeUrl()
  port = Number(new URL(origin).port)
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/guides/login-realm.json'), 'utf8')
  for (const tenant of tenants) {
    const definition = JSON.parse(text.replaceAll('http://localhost:3000', originOf(tenant))) as object
    await realm.importRealm({ ...definition, realm: tenant })
  }
  server = await realm.listen()
  const secret = 'secret-for-development'
  const variables = {
    KEYCLOAK: server,
    PORT: String(port),
    SESSION_KEY: Buffer.alloc(32, 1).toString('base64'),
  }
  const secrets = { ACME_SECRET: secret, GLOBEX_SECRET: secret }
  program = await start(folder, 'by-host.ts', { ...variables, ...secrets }, `${origin}/health`)
})
afterAll(async () => {
  await program?.stop()
  await realm?.close()
  folder?.remove()
})

/** A browser that finds every host at the app. */
const newBrowser = (): Browser => {
  const service = { port, close: async () => {} }
  return new Browser(Object.fromEntries(tenants.map((tenant) => [originOf(tenant), overHttp(service)])))
}
const sendTo = (host: string, path: string, fields: readonly (readonly [string, string])[] = []) =>
  send({ port, close: async () => {} }, path, { fields: [['host', host], ...fields] })

test('users sign in at the realm of their tenant, in one browser for both', async () => {
  const browser = newBrowser()
  for (const [tenant, user] of [
    ['acme', 'alice'],
    ['globex', 'bob'],
  ] as const) {
    const response = await signIn(browser, user, `${originOf(tenant)}/account`)
    expect(await response.json()).toEqual({ hello: user, issuer: `${server}/realms/${tenant}` })
  }
  await browser.send(`${originOf('acme')}/auth/logout`, form)
  expect((await browser.send(`${originOf('acme')}/account`)).status).toBe(401)
  expect((await browser.send(`${originOf('globex')}/account`)).status).toBe(200)
})

test('the cookie and the token of one tenant are worthless for the other', async () => {
  const browser = newBrowser()
  await signIn(browser, 'alice', `${originOf('acme')}/account`)
  const cookie = Array.from(browser.cookies('acme.localhost'), (pair) => pair.join('=')).join('; ')
  expect((await sendTo(`acme.localhost:${port}`, '/account', [['cookie', cookie]])).status).toBe(200)
  expect((await sendTo(`globex.localhost:${port}`, '/account', [['cookie', cookie]])).status).toBe(401)
})

test('hosts of no tenant get public pages only', async () => {
  for (const host of ['evil.example', `initech.localhost:${port}`, `127.0.0.1:${port}`]) {
    expect((await sendTo(host, '/health')).json()).toEqual({ ok: true })
    expect((await sendTo(host, '/account')).json()).toMatchObject({ status: 404, code: 'CW_TENANT_UNKNOWN' })
    expect((await sendTo(host, '/auth/login')).json()).toMatchObject({
      status: 404,
      code: 'CW_TENANT_UNKNOWN',
    })
  }
})
