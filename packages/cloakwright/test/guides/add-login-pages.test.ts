import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createVerifier } from 'cloakwright'
import { cloakwright, requireUser, userOf } from 'cloakwright/express'
import { createSessions, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../session/support/browser.ts'
import { blocksOf, type Folder, freeUrl, openFolder, openRealms, openSignedIn } from './support/programs.ts'

// The parts of add-login.md, in an app whose client has a key in place of a secret.

let folder: Folder
let realms: Awaited<ReturnType<typeof openRealms>>
let origin: string
let server: Server
const home = process.cwd()
beforeAll(async () => {
  folder = openFolder()
  realms = await openRealms()
  origin = await freeUrl()
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [kid, alg] = ['key-of-shop', 'ES256']
  folder.write('shop.jwk', JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid, alg }))
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }] }
  const { KEYCLOAK_ISSUER: issuer = '' } = await realms.add(origin, {
    clientAuthenticatorType: 'client-jwt',
    attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify(jwks) },
  })
  folder.write('credential.ts', blocksOf('add-login.md')[0]?.code ?? '')
  const url = pathToFileURL(join(folder.path, 'credential.ts')).href
  const { credential } = (await import(/* @vite-ignore */ url)) as { credential: Partial<SessionOptions> }
  // The guide's code reads the key from the folder of the app.
  process.chdir(folder.path)
  const sessions = createSessions({
    issuer,
    clientId: 'shop',
    ...credential,
    publicUrl: origin,
    keys: [{ id: 'k1', key: randomBytes(32) }],
    store: memorySessionStore(),
  })
  const app = express().use(cloakwright({ verifier: createVerifier({ issuer, audience: 'shop' }), sessions }))
  app.get('/cart', requireUser(), (req, res) => void res.json({ cart: userOf(req).username }))
  app.post('/orders', requireUser(), (_, res) => void res.sendStatus(201))
  server = app.listen(new URL(origin).port)
  await once(server, 'listening')
})
afterAll(async () => {
  process.chdir(home)
  server.closeAllConnections()
  server.close()
  await realms.close()
  folder.remove()
})

const [askWho, order] = blocksOf('add-login.md', 'js').map(({ code }) => code)

/** Runs a script of the page `/cart` in a browser; resolves to what it logged, and to the page that is open then. */
async function run(
  browser: Browser,
  script = '',
): Promise<{ readonly logged: string[]; readonly page: string }> {
  const logged: string[] = []
  const location = { href: '/cart' }
  const fetchOfPage = (path: string, init: { readonly headers?: object } = {}): Promise<Response> => {
    const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', referer: `${origin}/cart` }
    return browser.send(origin + path, { ...init, headers: { ...own, ...init.headers } })
  }
  const log = (line: string): void => void logged.push(line)
  // oxlint-disable-next-line typescript/no-implied-eval -- the code of the guide
  const body = new Function('fetch', 'location', 'console', `return (async () => {${script}})()`)
  await (body as (...globals: unknown[]) => Promise<void>)(fetchOfPage, location, { log })
  return { logged, page: location.href }
}

test('a page’s script learns who is signed in, and may change data', async () => {
  const { browser, response } = await openSignedIn(`${origin}/cart`, 'alice')
  expect(await response.json()).toEqual({ cart: 'alice' })
  expect((await run(browser, askWho)).logged).toEqual([
    expect.stringMatching(/^Signed in as alice with the roles .*\badmin\b.*, for \d+ seconds$/),
  ])
  const { logged, page } = await run(browser, `${order}; console.log(response.status)`)
  expect([logged, page]).toEqual([[201], '/cart'])
})

test('without a session, it learns where to sign in', async () => {
  const login = '/auth/login?returnTo=%2Fcart'
  expect((await run(new Browser({}), askWho)).logged).toEqual([`Sign in at ${login}`])
  expect((await run(new Browser({}), order)).page).toBe(login)
})

test('the settings are those that the apps read, with a key for AES-256', async () => {
  const settings = blocksOf('add-login.md', 'sh').find(({ code }) => code.includes('> .env'))?.code ?? ''
  execFileSync('sh', ['-c', settings], { cwd: folder.path })
  const lines = readFileSync(join(folder.path, '.env'), 'utf8').trim().split('\n')
  const variables = Object.fromEntries(lines.map((line) => [line.split('=')[0], line.replace(/^\w+=/, '')]))
  expect(Object.keys(variables)).toEqual(Object.keys(await realms.add(origin)))
  expect(Buffer.from(variables['SESSION_KEY'] ?? '', 'base64')).toHaveLength(32)
})
