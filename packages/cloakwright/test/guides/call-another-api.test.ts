import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LoginRealm, openLoginRealm } from '../session/support/realm.ts'
import {
  blocksOf,
  type Folder,
  form,
  freeUrl,
  openFolder,
  openSignedIn,
  type Program,
  start,
} from './support/programs.ts'

// The two programs of the guide as they are, on its realm: the embedded one, or a real Keycloak with CONFORMANCE_SERVER.

const guides = new URL('../../../../docs/guides/', import.meta.url)
const blocks = blocksOf('call-another-api.md')

let folder: Folder
let realm: LoginRealm
let programs: readonly Program[]
let origin: string
let variables: Record<string, string>
beforeAll(async () => {
  folder = openFolder()
  for (const { file, code } of blocks) folder.write(file ?? 'unnamed.ts', code)
  const stock = await freeUrl()
  origin = await freeUrl()
  const text = readFileSync(new URL('call-another-api-realm.json', guides), 'utf8')
  const { realm: _name, ...definition } = JSON.parse(text.replaceAll('http://localhost:3000', origin)) as {
    readonly realm: string
  }
  realm = await openLoginRealm(definition)
  variables = {
    KEYCLOAK_ISSUER: realm.issuer,
    KEYCLOAK_CLIENT_SECRET: 'secret-for-development',
    PUBLIC_URL: origin,
    SESSION_KEY: Buffer.alloc(32, 1).toString('base64'),
    STOCK_URL: stock,
  }
  programs = await Promise.all([
    start(folder, 'stock.ts', { ...variables, PORT: new URL(stock).port }, stock),
    start(folder, 'app.ts', { ...variables, PORT: new URL(origin).port }, origin),
  ])
})
afterAll(async () => {
  for (const program of programs) await program.stop()
  await realm.close()
  folder.remove()
})

test('the app has at most 40 lines', () => {
  const app = blocks.find(({ file }) => file === 'app.ts')
  expect(app?.code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(40)
})

test('login, a call as the service for admins only, logout', async () => {
  const { browser, response } = await openSignedIn(`${origin}/report`, 'alice')
  expect(await response.json()).toEqual({ for: 'service-account-shop', sold: 3 })
  const { response: refused } = await openSignedIn(`${origin}/report`, 'bob')
  expect(refused.status).toBe(403)

  await browser.send(`${origin}/auth/logout`, form)
  expect((await browser.send(`${origin}/report`)).status).toBe(401)
})

test('a call on behalf of the user', async () => {
  for (const user of ['alice', 'bob']) {
    const { response } = await openSignedIn(`${origin}/items`, user)
    expect(await response.json()).toEqual({ for: user, items: ['tea'] })
  }
})
