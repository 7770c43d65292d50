import { afterAll, beforeAll, expect, it } from 'vitest'
import { appUrl, type LoginRealm, openLoginRealm, openService, signIn } from './support/realm.ts'

const other = { url: 'http://localhost:8001', secret: 'another secret' }
const remove = { method: 'DELETE', headers: { origin: appUrl, 'x-csrf': '1' } }

let realm: LoginRealm
beforeAll(async () => {
  realm = await openLoginRealm({
    clients: [
      {
        clientId: 'app',
        secret: 's3cr3t/+&',
        standardFlowEnabled: true,
        redirectUris: [`${appUrl}/auth/callback`],
      },
      {
        clientId: 'other',
        secret: other.secret,
        standardFlowEnabled: true,
        redirectUris: [`${other.url}/auth/callback`],
      },
    ],
  })
})
afterAll(() => realm.close())

it('a browser whose session was ended elsewhere needs the password again, whatever else it was signed in to', async () => {
  const app = openService(realm)
  const elsewhere = openService(realm, {
    clientId: 'other',
    clientSecret: other.secret,
    publicUrl: other.url,
  })
  const lost = app.newBrowser({ [other.url]: elsewhere.sessions })
  expect((await signIn(lost, 'alice')).status).toBe(200)
  // The realm does not ask again: it is one session there.
  expect((await lost.open(`${other.url}/page`)).status).toBe(200)
  const mine = app.newBrowser()
  expect((await signIn(mine, 'alice')).status).toBe(200)
  const response = await mine.send(`${appUrl}/auth/sessions`, remove)
  expect(await response.json()).toEqual({ ended: 1 })
  const page = await lost.open(`${appUrl}/page`)
  expect(lost.visited.at(-1)).not.toContain(appUrl)
  expect(await page.text()).toContain('password')
  expect((await mine.open(`${appUrl}/page`)).status).toBe(200)
  expect(mine.visited).toEqual([`${appUrl}/page`])
  expect(app.errors).toEqual([])
})
