import { expect, test } from 'vitest'
import { appUrl, openLoginRealm, openService, signIn, submit } from './support/realm.ts'

test('a login page that Keycloak no longer knows, in another tab after a login, still leads to its page', async () => {
  const realm = await openLoginRealm()
  const { newBrowser, errors, sessions } = openService(realm)
  const browser = newBrowser()
  const left = await browser.open(`${appUrl}/left?x=1`)
  const { visited } = browser
  await signIn(browser, 'alice')
  // Keycloak’s cookies of a login that is under way end long before those of its session.
  const cookies = browser.jar.get('localhost')
  for (const name of ['AUTH_SESSION_ID', 'KC_RESTART']) expect(cookies?.delete(name)).toBe(true)
  browser.visited = visited
  const answer = await submit(browser, left, { username: 'alice', password: 'alice' })
  const callback = new URL(answer.headers.get('location') ?? '')
  expect(Object.fromEntries(callback.searchParams)).toMatchObject({
    error: 'temporarily_unavailable',
    error_description: 'authentication_expired',
  })
  const page = await browser.open(callback.href)
  expect(await page.json()).toMatchObject({ page: '/left?x=1' })
  expect(errors).toEqual([])
  await sessions.close()
  await realm.close()
})
