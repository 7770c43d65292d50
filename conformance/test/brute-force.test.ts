import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json, loginPage, oauthError, redirectOf, seenOn } from '../src/expect.ts'
import { password } from '../src/grants.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'

const realm = await openRealm({
  bruteForceProtected: true,
  failureFactor: 2,
  waitIncrementSeconds: 600,
  maxFailureWaitSeconds: 900,
  maxDeltaTimeSeconds: 3600,
  quickLoginCheckMilliSeconds: 0,
})
afterAll(() => realm.close())

const refused = oauthError(400, 'invalid_grant', 'Invalid user credentials')
const wrong = (name: string) => realm.token(password(name, { password: 'wrong' }))
const status = (id: string) => realm.api(`/attack-detection/brute-force/users/${id}`)

/** Keycloak counts in the background: waits for it. */
const locked = async (name: string) => {
  const id = await realm.addUser(name)
  for (let failures = 1; failures <= 2; failures++) {
    await wrong(name)
    await expect.poll(async () => (await status(id)).json().numFailures, { timeout: 5000 }).toBe(failures)
  }
  return id
}

describe('too many wrong passwords', () => {
  it('lock the user out, with the message for a wrong password', async () => {
    await locked('locked-1')
    expect(answerOf(await realm.token(password('locked-1')))).toEqual(refused)
  })

  it('lock the user out of the login page too', async () => {
    await locked('locked-2')
    const page = await realm.browser().login(realm.authUrl(), 'locked-2', 'locked-2')
    expect(seenOn(page)).toEqual(loginPage('Invalid username or password.'))
  })

  it('are reported to an administrator', async () => {
    const id = await locked('locked-3')
    const reply = await status(id)
    expect(shapeOf(reply.json())).toBe(
      '{failedLoginNotBefore: number, numFailures: number, numTemporaryLockouts: number, disabled: boolean, ' +
        'numSecondaryAuthFailures: number, lastIPFailure: string, lastFailure: number}',
    )
    expect(reply.json()).toMatchObject({ numFailures: 2, numTemporaryLockouts: 1, disabled: true })
  })

  it('can be cleared by an administrator', async () => {
    const id = await locked('locked-4')
    expect(
      answerOf(await realm.api(`/attack-detection/brute-force/users/${id}`, { method: 'DELETE' })),
    ).toEqual(empty(204))
    expect((await realm.token(password('locked-4'))).status).toBe(200)
  })

  it('lock out no other user', async () => {
    await locked('locked-5')
    await realm.addUser('innocent')
    const page = await realm.browser().login(realm.authUrl(), 'innocent', 'innocent')
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
  })
})

describe('fewer wrong passwords', () => {
  it('are reset by the right password', async () => {
    const id = await realm.addUser('careless')
    await wrong('careless')
    await expect.poll(async () => (await status(id)).json().numFailures, { timeout: 5000 }).toBe(1)
    expect((await realm.token(password('careless'))).status).toBe(200)
    await expect.poll(async () => (await status(id)).json().numFailures, { timeout: 5000 }).toBe(0)
  })

  it('are zero for a user without failures', async () => {
    const id = await realm.addUser('perfect')
    expect(answerOf(await status(id))).toEqual(
      json(200, {
        failedLoginNotBefore: 0,
        numFailures: 0,
        numTemporaryLockouts: 0,
        disabled: false,
        numSecondaryAuthFailures: 0,
        lastIPFailure: 'n/a',
        lastFailure: 0,
      }),
    )
  })
})
