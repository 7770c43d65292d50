import { afterAll, beforeAll, expect, test } from 'vitest'
import { submit } from '../session/support/realm.ts'
import { errorsOf } from '../support/compiler.ts'
import { blocksOf, openFolder, openSignedIn, projectOf } from './support/programs.ts'
import { openStepUpGuide, type StepUpGuide } from './support/step-up.ts'

// The rest, in Chromium: step-up.browser.test.ts

let guide: StepUpGuide
beforeAll(async () => {
  guide = await openStepUpGuide()
})
afterAll(() => guide?.close())

test('the code compiles', () => {
  const folder = openFolder()
  try {
    for (const { file, code } of blocksOf('step-up.md')) folder.write(file ?? 'unnamed.ts', code)
    folder.write('tsconfig.json', projectOf({}, '../../../tsconfig.tests.json'))
    expect(errorsOf(folder.path)).toBe('')
  } finally {
    folder.remove()
  }
})

test('a form is sent after the session ended, and a script learns where to step up', async () => {
  const { origin, realm } = guide
  const { browser } = await openSignedIn(`${origin}/prices`, 'alice')
  const script = await browser.send(`${origin}/invoices`, { headers: { referer: `${origin}/account` } })
  expect(await script.json()).toMatchObject({
    status: 401,
    login: '/auth/login?returnTo=%2Faccount&acr_values=gold',
  })
  const [user] = (await (await realm.admin('GET', '/users?exact=true&username=alice')).json()) as {
    id: string
  }[]
  await realm.admin('POST', `/users/${user?.id}/logout`)
  const form = { accept: 'text/html', origin, 'content-type': 'application/x-www-form-urlencoded' }
  const refused = await browser.send(`${origin}/prices`, { method: 'POST', headers: form, body: 'tea=4' })
  expect(refused.status).toBe(303)
  const login = await browser.open(refused.headers.get('location') ?? '')
  const callback = await submit(browser, login, { username: 'alice', password: 'alice' })
  const page = await browser.open(callback.headers.get('location') ?? '')
  expect(await page.text()).toContain('<input type="hidden" name="tea" value="4">')
  const init = { method: 'POST', headers: form, body: 'tea=4' }
  const sent = await browser.send(browser.visited.at(-1) ?? '', init)
  expect([sent.status, sent.headers.get('location')]).toEqual([307, `${origin}/prices`])
  expect(await (await browser.send(`${origin}/prices`, init)).text()).toBe('Tea costs 4')
})
