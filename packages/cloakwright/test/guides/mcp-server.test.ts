import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevRealm, type DevRealm } from '@cloakwright/devrealm'
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from '../session/support/browser.ts'
import { submit } from '../session/support/realm.ts'
import { blocksOf, type Folder, freeUrl, openFolder, type Program, start } from './support/programs.ts'

// The guide's server as it is, started as a program, and a client of the official SDK that knows its URL only.

const callback = 'http://localhost:3001/callback'
let folder: Folder
let realm: DevRealm
let program: Program
let origin: string
let issuer: string
let createAuth: (clientId: string, redirectUrl: string, open: (url: URL) => void) => OAuthClientProvider

beforeAll(async () => {
  folder = openFolder()
  for (const { file, code } of blocksOf('mcp-server.md')) folder.write(file ?? '', code)
  realm = await createDevRealm({ admin: { username: 'admin', password: 'admin' } })
  origin = await freeUrl()
  const file = readFileSync(join(import.meta.dirname, '../../../../docs/guides/mcp-realm.json'), 'utf8')
  await realm.importRealm(JSON.parse(file.replaceAll('http://localhost:3000', origin)))
  issuer = `${await realm.listen()}/realms/shop`
  const variables = { KEYCLOAK_ISSUER: issuer, PUBLIC_URL: origin, PORT: new URL(origin).port }
  program = await start(folder, 'server.ts', variables, origin)
  ;({ createAuth } = (await import(join(folder.path, 'client.ts'))) as { createAuth: typeof createAuth })
})
afterAll(async () => {
  await program?.stop()
  await realm?.close()
  folder?.remove()
})

/** Signs a user in at the realm, which the client finds by itself, and connects. */
async function connect(username: string): Promise<{ client: Client; loginUrl: URL }> {
  let loginUrl: URL | undefined
  const auth = createAuth('mcp-client', callback, (url) => {
    loginUrl = url
  })
  const url = new URL(`${origin}/mcp`)
  const client = new Client({ name: 'test', version: '1.0.0' })
  const first = new StreamableHTTPClientTransport(url, { authProvider: auth })
  await expect(client.connect(first)).rejects.toThrow(UnauthorizedError)
  const browser = new Browser({})
  const page = await browser.open(loginUrl?.href ?? '')
  const response = await submit(browser, page, { username, password: username })
  const answer = new URL(response.headers.get('location') ?? '')
  expect(answer.searchParams.get('state')).toBe(loginUrl?.searchParams.get('state'))
  await first.finishAuth(answer.searchParams.get('code') ?? '')
  await client.connect(new StreamableHTTPClientTransport(url, { authProvider: auth }))
  return { client, loginUrl: loginUrl as URL }
}

const namesOf = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name)

test('a client finds the realm, signs in and calls a tool', async () => {
  const { client, loginUrl } = await connect('bob')
  expect(loginUrl.href).toMatch(new RegExp(`^${issuer}/protocol/openid-connect/auth\\?`))
  expect(Object.fromEntries(loginUrl.searchParams)).toMatchObject({
    code_challenge_method: 'S256',
    resource: `${origin}/mcp`,
    scope: 'openid profile',
  })
  expect(await namesOf(client)).toEqual(['list-orders'])
  expect(await client.callTool({ name: 'list-orders' })).toMatchObject({
    content: [{ type: 'text', text: 'Orders of bob: 1, 2' }],
  })
  await client.close()
})

test('a tool with a role exists for users with the role only', async () => {
  const { client: alice } = await connect('alice')
  expect(await namesOf(alice)).toEqual(['list-orders', 'refund'])
  const refund = { name: 'refund', arguments: { order: 7 } }
  expect(await alice.callTool(refund)).toMatchObject({ content: [{ text: 'alice refunded order 7' }] })
  const { client: bob } = await connect('bob')
  expect(await bob.callTool(refund)).toMatchObject({ isError: true })
  await alice.close()
  await bob.close()
})

test('without a token, or with one for another service, the response is a challenge that leads to the realm', async () => {
  const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`
  const other = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: 'alice',
      password: 'alice',
    }),
  })
  const { access_token: foreign } = (await other.json()) as { access_token: string }
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  for (const [token, status] of [
    [undefined, 401],
    [foreign, 401],
  ] as const)
    for (const method of ['POST', 'GET', 'DELETE']) {
      const headers = new Headers({
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      })
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
      const body = method === 'POST' ? { body: JSON.stringify(call) } : {}
      const response = await fetch(`${origin}/mcp`, { method, headers, ...body })
      expect(response.status).toBe(status)
      expect(response.headers.get('www-authenticate')).toContain(`resource_metadata="${metadata}"`)
    }
  const document = await fetch(metadata, { headers: { origin: 'https://app.example.org' } })
  expect(document.headers.get('access-control-allow-origin')).toBe('*')
  expect(await document.json()).toMatchObject({ resource: `${origin}/mcp`, authorization_servers: [issuer] })
})
