import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { keycloakAdmin, startServer, type TestServer } from './support/environment.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})

afterAll(async () => {
  await server?.close()
})

async function signedIn(username: string): Promise<Browser> {
  const browser = new Browser()
  await browser.signIn(await browser.open(`${server.url}/auth/login`), username)
  return browser
}

const isSignedIn = async (browser: Browser): Promise<boolean> =>
  !(await browser.open(`${server.url}/secure-data`)).text.includes('kc-form-login')

test('an administrator’s logout at Keycloak ends all sessions of the user, and no other', async () => {
  const [alice, elsewhere, bob] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')]
  const { users } = keycloakAdmin(server.config).client
  const realm = server.config.keycloak.realm
  const [found] = await users.find({ realm, username: 'alice', exact: true })
  await users.logout({ realm, id: found?.id ?? '' })
  expect(await Promise.all([alice, elsewhere, bob].map(isSignedIn))).toEqual([false, false, true])
  // Keycloak waits for the server's response.
  expect(server.log.filter((line) => line.includes('back-channel logout failed'))).toEqual([])
})
