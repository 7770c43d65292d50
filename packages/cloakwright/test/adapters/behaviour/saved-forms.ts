import { memorySessionStore } from 'cloakwright/state'
import { beforeEach, expect, test, vi } from 'vitest'
import { sha256 } from '../../../src/sealing.ts'
import type { Browser } from '../../session/support/browser.ts'
import { post, readSavedForm } from '../../session/support/forms.ts'
import { host, publicUrl, sessionCookie } from '../../session/support/setup.ts'
import type { Driver, Service } from '../drivers/types.ts'
import { useSessions } from './session-world.ts'

const filledIn = new URLSearchParams({ title: 'Zürich & “co” <b>', text: 'two\r\nlines' }).toString()

/** A form that needs a login is sent after it, in every adapter, whatever reads the bodies of requests. */
export function testSavedForms(driver: Driver): void {
  const store = memorySessionStore()
  const saved = vi.spyOn(store, 'saveForm')
  const world = useSessions(driver, { store })
  beforeEach(() => void saved.mockClear())

  const signIn = async (service: Service = world.service): Promise<Browser> => {
    world.provider.levels = ['gold']
    const browser = world.newBrowser(service)
    await browser.open(`${publicUrl}/me`)
    return browser
  }
  const endSession = (browser: Browser): Promise<unknown> =>
    store.remove(sha256(browser.cookies(host).get(sessionCookie) ?? ''))
  const titleOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { title: unknown }).title

  test.each(driver.bodyReaders)(
    'a form is sent after the login, with %s before the guard',
    async (bodyReader) => {
      const service = await world.start({ bodyReader })
      const browser = await signIn(service)
      await endSession(browser)
      const refused = await post(browser, `${publicUrl}/form?draft=1`, filledIn)
      // NestJS on Fastify without its parsers accepts no form at all.
      if (refused.status === 415) return
      const form = await readSavedForm(browser, refused)
      expect(form.fields).toEqual([...new URLSearchParams(filledIn)])
      const sent = await form.send()
      expect([sent.status, sent.headers.get('location')]).toEqual([307, `${publicUrl}/form?draft=1`])
      const again = await form.send()
      expect([again.status, await again.text()]).toEqual([410, expect.stringContaining('no longer be sent')])
    },
  )

  test('the handler gets what the user filled in', async () => {
    const service = await world.start({ bodyReader: driver.bodyReaders[0] })
    const browser = await signIn(service)
    await endSession(browser)
    const form = await readSavedForm(browser, await post(browser, `${publicUrl}/form`, filledIn))
    const to = (await form.send()).headers.get('location') ?? ''
    expect(await titleOf(await post(browser, to, form.body))).toBe('Zürich & “co” <b>')
  })

  test('a form that needs a step-up is sent after it', async () => {
    const service = await world.start({ bodyReader: driver.bodyReaders[0] })
    const browser = await signIn(service)
    const refused = await post(browser, `${publicUrl}/gold-form`, filledIn)
    const realm = new URL(refused.headers.get('location') ?? '')
    expect([refused.status, realm.searchParams.get('acr_values')]).toEqual([303, 'gold'])
    const form = await readSavedForm(browser, refused)
    const to = (await form.send()).headers.get('location') ?? ''
    expect(await titleOf(await post(browser, to, form.body))).toBe('Zürich & “co” <b>')
  })

  test('a form of 64,000 bytes is saved, and no larger one', async () => {
    const browser = await signIn()
    await endSession(browser)
    const fits = `title=${'x'.repeat(63_994)}`
    const refused = await post(browser, `${publicUrl}/form`, fits)
    const form = await readSavedForm(browser, refused)
    expect((await form.send()).status).toBe(307)
    await endSession(browser)
    expect((await post(browser, `${publicUrl}/form`, `${fits}x`)).status).toBe(401)
    expect(saved).toHaveBeenCalledOnce()
  })

  test('a multipart form is saved only if the option says so', async () => {
    const browser = await signIn()
    await endSession(browser)
    const form = new FormData()
    form.append('title', 'x')
    const { headers, body } = new Response(form)
    const type = { 'content-type': headers.get('content-type') ?? '' }
    const text = await new Response(body).text()
    // Some frameworks accept no such body at all.
    expect((await post(browser, `${publicUrl}/form`, text, type)).status).toBeOneOf([401, 415])
    expect(saved).not.toHaveBeenCalled()
  })

  test('a form is not sent for another user', async () => {
    const browser = await signIn()
    await endSession(browser)
    world.provider.user = 'bob'
    const refused = await post(browser, `${publicUrl}/form`, filledIn)
    const page = await browser.open(refused.headers.get('location') ?? '')
    const html = await page.text()
    expect([page.status, html]).toEqual([403, expect.stringContaining('Another user filled it in')])
    expect(html).not.toContain('Zürich')
    expect((await post(browser, browser.visited.at(-1) ?? '', filledIn)).status).toBe(403)
  })
}

/** The same with `saveForms: 'multipart'`. */
export function testMultipartForms(driver: Driver): void {
  const store = memorySessionStore()
  const world = useSessions(driver, { store, saveForms: 'multipart' })

  test('a multipart form is sent after the login', async () => {
    const browser = world.newBrowser()
    await browser.open(`${publicUrl}/me`)
    await store.remove(sha256(browser.cookies(host).get(sessionCookie) ?? ''))
    const body = '--x\r\ncontent-disposition: form-data; name="title"\r\n\r\nZürich\r\n--x--\r\n'
    const type = { 'content-type': 'multipart/form-data; boundary=x' }
    const refused = await post(browser, `${publicUrl}/form`, body, type)
    // NestJS on Fastify accepts no such form without a plugin.
    if (refused.status === 415) return
    const form = await readSavedForm(browser, refused)
    expect([form.html, form.fields]).toEqual([
      expect.stringContaining('enctype="multipart/form-data"'),
      [['title', 'Zürich']],
    ])
    const sent = await post(browser, form.url, body, type)
    expect([sent.status, sent.headers.get('location')]).toEqual([307, `${publicUrl}/form`])
  })
}
