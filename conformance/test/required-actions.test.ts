import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, oauthError, redirectOf, seenOn } from '../src/expect.ts'
import { password } from '../src/grants.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'
import { codeFor } from '../src/totp.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const page = (title: string, message: string) => ({ status: 200, type: 'text/html', title, message })
const incomplete = oauthError(400, 'invalid_grant', 'Account is not fully set up')
const done = { status: 302, to: callbackUrl }

describe('a temporary password', () => {
  const add = (name: string) =>
    realm.addUser(name, { credentials: [{ type: 'password', value: name, temporary: true }] })

  it('must be changed after login', async () => {
    const id = await add('new-1')
    expect((await realm.api(`/users/${id}`)).json().requiredActions).toEqual(['UPDATE_PASSWORD'])
    const asked = await realm.browser().login(realm.authUrl(), 'new-1', 'new-1')
    expect(seenOn(asked)).toEqual(
      page('Update password', 'You need to change your password to activate your account.'),
    )
    const form = asked.form('kc-passwd-update-form')
    expect(form.types).toMatchObject({ 'password-new': 'password', 'password-confirm': 'password' })
    expect(new URL(form.action).searchParams.get('execution')).toBe('UPDATE_PASSWORD')
  })

  it('can be changed; the login then continues', async () => {
    const id = await add('new-2')
    const browser = realm.browser()
    const asked = await browser.login(realm.authUrl(), 'new-2', 'new-2')
    const changed = { 'password-new': 'chosen', 'password-confirm': 'chosen' }
    expect(redirectOf(await browser.submit(asked, 'kc-passwd-update-form', changed))).toMatchObject(done)
    expect((await realm.api(`/users/${id}`)).json().requiredActions).toEqual([])
    expect((await realm.token(password('new-2', { password: 'chosen' }))).status).toBe(200)
    const old = await realm.token(password('new-2'))
    expect(answerOf(old)).toEqual(oauthError(400, 'invalid_grant', 'Invalid user credentials'))
  })

  it.each([
    ['the confirmation differs', { 'password-new': 'a', 'password-confirm': 'b' }, "Passwords don't match."],
    ['empty', { 'password-new': '', 'password-confirm': '' }, 'Please specify password.'],
  ])('is requested again if the new one is rejected: %s', async (_, fields, message) => {
    const name = `new-${message.length}`
    await add(name)
    const browser = realm.browser()
    const asked = await browser.login(realm.authUrl(), name, name)
    expect(seenOn(await browser.submit(asked, 'kc-passwd-update-form', fields))).toEqual(
      page('Update password', message),
    )
  })

  it('gets no tokens from a password grant', async () => {
    await add('new-3')
    expect(answerOf(await realm.token(password('new-3')))).toEqual(incomplete)
  })

  it('gets no tokens even if the realm disables UPDATE_PASSWORD', async () => {
    await add('new-4')
    const path = '/authentication/required-actions/UPDATE_PASSWORD'
    const action = (await realm.api(path)).json()
    await realm.api(path, { method: 'PUT', json: { ...action, enabled: false } })
    const reply = await realm.token(password('new-4'))
    await realm.api(path, { method: 'PUT', json: action })
    expect(answerOf(reply)).toEqual(incomplete)
  })
})

describe('a user without e-mail and names', () => {
  const add = (name: string) => realm.addUser(name, { email: '', firstName: '', lastName: '' })

  it('must complete the profile after login', async () => {
    await add('bare-1')
    const asked = await realm.browser().login(realm.authUrl(), 'bare-1', 'bare-1')
    expect(seenOn(asked)).toEqual(page('Update Account Information', 'Please specify this field.'))
    expect(asked.form('kc-update-profile-form').fields).toEqual({ email: '', firstName: '', lastName: '' })
  })

  it('sees the form again while a field is missing or invalid', async () => {
    await add('bare-2')
    const browser = realm.browser()
    const asked = await browser.login(realm.authUrl(), 'bare-2', 'bare-2')
    const partly = { email: 'junk', firstName: '', lastName: 'L' }
    const again = await browser.submit(asked, 'kc-update-profile-form', partly)
    expect(again.textOf('input-error-email')).toBe('Invalid email address.')
    expect(again.textOf('input-error-firstName')).toBe('Please specify this field.')
    expect(again.textOf('input-error-lastName')).toBeUndefined()
    expect(again.form('kc-update-profile-form').fields).toEqual(partly)
  })

  it('can complete the profile; the login then continues', async () => {
    const id = await add('bare-3')
    const browser = realm.browser()
    const asked = await browser.login(realm.authUrl(), 'bare-3', 'bare-3')
    const filled = { email: 'Bare3@example.org', firstName: 'B', lastName: 'Three' }
    expect(redirectOf(await browser.submit(asked, 'kc-update-profile-form', filled))).toMatchObject(done)
    const user = (await realm.api(`/users/${id}`)).json()
    expect(user).toMatchObject({ email: 'bare3@example.org', firstName: 'B', lastName: 'Three' })
    expect((await realm.token(password('bare-3'))).status).toBe(200)
  })

  it('cannot change a field that only administrators can edit', async () => {
    const before = (await realm.api('/users/profile')).json() as { attributes: { name: string }[] }
    const permissions = { view: ['admin', 'user'], edit: ['admin'] }
    const attributes = before.attributes.map((each) =>
      each.name === 'email' ? { ...each, permissions } : each,
    )
    const put = (json: object) => realm.api('/users/profile', { method: 'PUT', json })
    expect((await put({ ...before, attributes })).status).toBe(200)
    try {
      const id = await realm.addUser('kept-1', { requiredActions: ['UPDATE_PROFILE'] })
      const { email } = (await realm.api(`/users/${id}`)).json()
      const browser = realm.browser()
      const asked = await browser.login(realm.authUrl(), 'kept-1', 'kept-1')
      const filled = { email: 'other@example.com', firstName: 'New', lastName: 'Name' }
      const again = await browser.submit(asked, 'kc-update-profile-form', filled)
      expect(again.text).toContain('This field is read only.')
      expect((await realm.api(`/users/${id}`)).json()).toMatchObject({
        email,
        requiredActions: ['UPDATE_PROFILE'],
      })
    } finally {
      await put(before)
    }
  })
})

describe('one-time codes', () => {
  const add = (name: string) => realm.addUser(name, { requiredActions: ['CONFIGURE_TOTP'] })
  const setup = (message: string) => page('Mobile Authenticator Setup', message)

  /** Signs in and sets up an authenticator. Returns its secret. */
  const configured = async (name: string) => {
    await add(name)
    const browser = realm.browser()
    const asked = await browser.login(realm.authUrl(), name, name)
    const { totpSecret = '' } = asked.form('kc-totp-settings-form').fields
    const fields = { totp: await codeFor(totpSecret, -1), userLabel: 'phone' }
    return { secret: totpSecret, finished: await browser.submit(asked, 'kc-totp-settings-form', fields) }
  }
  const askedFor = async (name: string) => {
    const browser = realm.browser()
    return { browser, asked: await browser.login(realm.authUrl(), name, name) }
  }

  it('must be set up after login with CONFIGURE_TOTP', async () => {
    await add('otp-1')
    const { asked } = await askedFor('otp-1')
    expect(seenOn(asked)).toEqual(setup('You need to set up Mobile Authenticator to activate your account.'))
    const { fields, types } = asked.form('kc-totp-settings-form')
    expect(types).toMatchObject({ totp: 'text', totpSecret: 'hidden', userLabel: 'text' })
    expect(fields['totpSecret']).toMatch(/^[A-Za-z0-9]{20}$/)
    expect(asked.attributesOf('kc-totp-secret-qr-code')?.['src']).toMatch(/^data:image\/png;base64,/)
    expect(asked.attributesOf('mode-manual')).toHaveProperty('href')
  })

  it('a password grant gets no tokens before the setup', async () => {
    await add('otp-2')
    expect(answerOf(await realm.token(password('otp-2')))).toEqual(incomplete)
  })

  it.each([
    ['000000', 'Invalid authenticator code.'],
    ['', 'Please specify authenticator code.'],
  ])('the setup rejects the code %j', async (totp, message) => {
    const name = `otp-wrong-${totp.length}`
    await add(name)
    const { browser, asked } = await askedFor(name)
    const again = await browser.submit(asked, 'kc-totp-settings-form', { totp, userLabel: 'phone' })
    expect(seenOn(again)).toEqual(setup(message))
    const before = asked.form('kc-totp-settings-form').fields['totpSecret']
    expect(again.form('kc-totp-settings-form').fields['totpSecret']).toBe(before)
  })

  it('are set up by the right code; the login then continues', async () => {
    const { finished } = await configured('otp-3')
    expect(redirectOf(finished)).toMatchObject(done)
    const [user] = (await realm.api('/users?username=otp-3&exact=true')).json()
    expect(user).toMatchObject({ totp: true, requiredActions: [] })
    const credentials = (await realm.api(`/users/${user.id}/credentials`)).json()
    expect(credentials.map(({ type }: { type: string }) => type).toSorted()).toEqual(['otp', 'password'])
    const otp = credentials.find(({ type }: { type: string }) => type === 'otp')
    expect(otp).toMatchObject({ userLabel: 'phone' })
    expect(otp).not.toHaveProperty('secretData')
  })

  it('are required at the next login', async () => {
    const { secret } = await configured('otp-4')
    const { browser, asked } = await askedFor('otp-4')
    expect(seenOn(asked)).toMatchObject({ status: 200, title: 'Sign In', message: undefined })
    expect(asked.form('kc-otp-login-form').types).toMatchObject({ otp: 'text', login: 'submit' })
    expect(asked.attributesOf('kc-attempted-username')).toMatchObject({ value: 'otp-4' })
    const finished = await browser.submit(asked, 'kc-otp-login-form', { otp: await codeFor(secret) })
    expect(redirectOf(finished)).toMatchObject(done)
  })

  it.each([['000000'], [''], ['not a number']])('are rejected when wrong: %j', async (otp) => {
    const name = `otp-bad-${otp.length}`
    await configured(name)
    const { browser, asked } = await askedFor(name)
    const again = await browser.submit(asked, 'kc-otp-login-form', { otp })
    expect(seenOn(again)).toEqual(page('Sign In', 'Invalid authenticator code.'))
  })

  it('can be used for one login only', async () => {
    const { secret } = await configured('otp-5')
    const otp = await codeFor(secret)
    const first = await askedFor('otp-5')
    expect(redirectOf(await first.browser.submit(first.asked, 'kc-otp-login-form', { otp }))).toMatchObject(
      done,
    )
    const second = await askedFor('otp-5')
    const again = await second.browser.submit(second.asked, 'kc-otp-login-form', { otp })
    expect(seenOn(again)).toEqual(page('Sign In', 'Invalid authenticator code.'))
  })

  it('are required for a password grant too', async () => {
    const { secret } = await configured('otp-6')
    const refused = oauthError(400, 'invalid_grant', 'Invalid user credentials')
    expect(answerOf(await realm.token(password('otp-6')))).toEqual(refused)
    expect(answerOf(await realm.token(password('otp-6', { totp: '000000' })))).toEqual(refused)
    expect((await realm.token(password('otp-6', { totp: await codeFor(secret) }))).status).toBe(200)
  })
})
