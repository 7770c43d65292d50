import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, errorPage, oauthError, seenOn } from '../src/expect.ts'
import { asClient, password } from '../src/grants.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm({ verifyEmail: true })
afterAll(() => realm.close())

const actionsOf = async (id: string) => (await realm.api(`/users/${id}`)).json().requiredActions
const notSetUp = oauthError(400, 'invalid_grant', 'Account is not fully set up')

describe('in a realm that verifies e-mail addresses, the password grant', () => {
  it('rejects a user with an unverified address, who keeps the required action', async () => {
    const id = await realm.addUser('una', { emailVerified: false })
    expect(answerOf(await realm.token(password('una')))).toEqual(notSetUp)
    expect(await actionsOf(id)).toEqual(['VERIFY_EMAIL'])
  })

  it('checks the password first', async () => {
    const id = await realm.addUser('ugo', { emailVerified: false })
    const reply = await realm.token(password('ugo', { password: 'wrong' }))
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'Invalid user credentials'))
    expect(await actionsOf(id)).toEqual([])
  })

  it('adds no action to a user without an address', async () => {
    const id = await realm.addUser('nomail', { email: '', emailVerified: false })
    expect(answerOf(await realm.token(password('nomail')))).toEqual(notSetUp)
    expect(await actionsOf(id)).toEqual([])
  })

  it('accepts a verified address', async () => {
    await realm.addUser('vito')
    expect((await realm.token(password('vito'))).status).toBe(200)
  })

  describe('and has disabled the required action,', () => {
    const path = '/authentication/required-actions/VERIFY_EMAIL'
    const enable = async (enabled: boolean) =>
      realm.api(path, { method: 'PUT', json: { ...((await realm.api(path)).json() as object), enabled } })
    beforeAll(async () => void (await enable(false)))
    afterAll(async () => void (await enable(true)))

    it('accepts any address', async () => {
      const id = await realm.addUser('vera', { emailVerified: false })
      expect((await realm.token(password('vera'))).status).toBe(200)
      expect(await actionsOf(id)).toEqual([])
    })
  })

  it('is as strict as the login page, which cannot send mail here', async () => {
    await realm.addUser('ute', { emailVerified: false })
    const page = await realm.browser().login(realm.authUrl(), 'ute', 'ute')
    expect(seenOn(page)).toEqual(errorPage(500, 'Failed to send email, please try again later.'))
  })
})

describe('a client that requires consent', () => {
  const needsConsent = oauthError(400, 'invalid_client', 'Client requires user consent')
  beforeAll(async () => {
    await realm.addUser('alice')
    await realm.addClient({ clientId: 'consent', consentRequired: true })
    const more = { consentRequired: true, directAccessGrantsEnabled: false }
    await realm.addClient({ clientId: 'no-direct', ...more })
  })

  it.each<[string, Record<string, string>]>([
    ['right credentials', {}],
    ['a wrong password', { password: 'wrong' }],
    ['an unknown scope', { scope: 'unknown' }],
  ])('cannot use the password grant: with %s', async (_, more) => {
    const reply = await realm.token(password('alice', { ...asClient('consent'), ...more }))
    expect(answerOf(reply)).toEqual(needsConsent)
  })

  it('may use client credentials', async () => {
    const reply = await realm.token({ grant_type: 'client_credentials', ...asClient('consent') })
    expect(reply.status).toBe(200)
  })

  it('reports a disabled direct grant first', async () => {
    expect(answerOf(await realm.token(password('alice', asClient('no-direct'))))).toEqual(
      oauthError(400, 'unauthorized_client', 'Client not allowed for direct access grants'),
    )
  })
})
