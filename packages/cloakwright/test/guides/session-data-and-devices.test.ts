import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorsOf } from '../support/compiler.ts'
import { type DevicesApp, openDevices, writeGuide } from './support/devices.ts'
import { form, openFolder, openSignedIn, projectOf } from './support/programs.ts'

let app: DevicesApp
beforeAll(async () => {
  app = await openDevices({ BLOCKED_USERS: 'bob' })
})
afterAll(() => app?.close())

test('the code compiles', () => {
  const folder = openFolder()
  try {
    writeGuide(folder)
    folder.write('tsconfig.json', projectOf({}, '../../../tsconfig.tests.json'))
    expect(errorsOf(folder.path)).toBe('')
  } finally {
    folder.remove()
  }
})

test('the basket is in the session', async () => {
  const { browser, response } = await openSignedIn(`${app.origin}/basket`, 'alice')
  expect(await response.json()).toEqual([])
  for (const item of ['tea', 'cups'])
    await browser.send(`${app.origin}/basket`, { ...form, body: new URLSearchParams({ item }) })
  expect(await (await browser.open(`${app.origin}/basket`)).json()).toEqual(['tea', 'cups'])
})

test('a blocked user gets a page', async () => {
  const { browser, response } = await openSignedIn(`${app.origin}/basket`, 'bob')
  expect(response.status).toBe(403)
  expect(await response.text()).toContain('No access')
  expect((await browser.send(`${app.origin}/auth/session`)).status).toBe(401)
})

test('the routes respond as stated', async () => {
  const { browser } = await openSignedIn(`${app.origin}/basket`, 'alice')
  const { browser: other } = await openSignedIn(`${app.origin}/basket`, 'alice')
  const { sessions } = (await (await browser.send(`${app.origin}/auth/sessions`)).json()) as {
    sessions: { id: string; address: string }[]
  }
  expect(sessions[0]?.address).toMatch(/^127\.|^::1$/)
  const script = { method: 'DELETE', headers: { origin: app.origin, 'x-csrf': '1' } }
  const ended = await (await browser.send(`${app.origin}/auth/sessions`, script)).json()
  expect(ended).toEqual({ ended: sessions.length - 1 })
  expect((await other.send(`${app.origin}/auth/session`)).status).toBe(401)
  expect((await browser.send(`${app.origin}/devices`)).status).toBe(200)
})
