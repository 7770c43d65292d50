import { pbkdf2Sync } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, oauthError } from '../src/expect.ts'
import { password } from '../src/grants.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const secret = 'Hash3d-pw!'
const salt = Buffer.from('0123456789abcdef')
const hash = (digest: string, length = 64) =>
  pbkdf2Sync(secret, salt, 1000, length, digest).toString('base64')
const legacy = (algorithm: string, digest: string) => ({
  type: 'password',
  hashedSaltedValue: hash(digest),
  salt: salt.toString('base64'),
  hashIterations: 1000,
  algorithm,
})
const stored = (secretData: object, algorithm: string, hashIterations = 1000) => ({
  type: 'password',
  secretData: JSON.stringify(secretData),
  credentialData: JSON.stringify({ hashIterations, algorithm }),
})
const salted = (value: string) => ({ value, salt: salt.toString('base64') })

describe('a password hash from an export', () => {
  it.each<[string, object, boolean]>([
    ['pbkdf2-sha256', stored(salted(hash('sha256')), 'pbkdf2-sha256'), true],
    ['of another length', stored(salted(hash('sha256', 32)), 'pbkdf2-sha256'), true],
    ['old, pbkdf2-sha256', legacy('pbkdf2-sha256', 'sha256'), true],
    ['old, pbkdf2-sha512', legacy('pbkdf2-sha512', 'sha512'), true],
    ['old, pbkdf2', legacy('pbkdf2', 'sha1'), true],
    ['bcrypt', stored({ value: '$2b$10$N9qo8uLOickgx2ZMRZoMye', salt: '' }, 'bcrypt', 10), false],
    ['bcrypt with a value that is not base64', stored(salted('x'), 'bcrypt', 10), false],
    ['old bcrypt', { ...legacy('bcrypt', 'sha256'), hashedSaltedValue: 'x' }, false],
    ['of a digest without a Keycloak provider', stored(salted(hash('sha384')), 'pbkdf2-sha384'), false],
    ['without a salt', stored({ value: 'abc' }, 'pbkdf2-sha256'), false],
    ['without a value', stored({ salt: 'abcd' }, 'pbkdf2-sha256'), false],
    ['with an empty value', stored(salted(''), 'pbkdf2-sha256'), false],
    ['without iterations', stored(salted(hash('sha256')), 'pbkdf2-sha256', 0), false],
  ])('%s: %o logs in: %s', async (label, credential, logsIn) => {
    const username = `hash-${Buffer.from(label).toString('hex')}`
    const user = {
      username,
      email: `${username.slice(0, 60)}@x.example`,
      firstName: 'A',
      lastName: 'B',
      enabled: true,
    }
    const users = [{ ...user, credentials: [credential] }]
    expect((await realm.api('/partialImport', { json: { ifResourceExists: 'FAIL', users } })).status).toBe(
      200,
    )
    const login = (given: string) => realm.token(password(username, { password: given }))
    const refusal = oauthError(400, 'invalid_grant', 'Invalid user credentials')
    const reply = await login(secret)
    if (logsIn) expect(reply.status, reply.text).toBe(200)
    else expect(answerOf(reply)).toEqual(refusal)
    expect(answerOf(await login('wrong'))).toEqual(refusal)
  })

  it.each<[string, object]>([
    [
      'its hash',
      {
        ...legacy('pbkdf2-sha256', 'sha256'),
        hashedSaltedValue: pbkdf2Sync('', salt, 1000, 64, 'sha256').toString('base64'),
      },
    ],
    ['itself', { type: 'password', value: '' }],
  ])('of an empty password allows no login: %s', async (label, credential) => {
    const username = `empty-${label.length}`
    const user = { username, email: `${username}@x.example`, firstName: 'A', lastName: 'B', enabled: true }
    expect((await realm.api('/users', { json: { ...user, credentials: [credential] } })).status).toBe(201)
    for (const given of ['', undefined]) {
      const { password: _, ...form } = password(username, { password: '' })
      const reply = await realm.token(given === undefined ? form : { ...form, password: given })
      // Keycloak cannot read the credential that it created from the empty password.
      expect([400, 500], reply.text).toContain(reply.status)
    }
  })

  it('is rejected if a field is unknown or missing', async () => {
    const data = JSON.stringify({ hashIterations: 1, algorithm: 'pbkdf2', odd: 1 })
    for (const credential of [
      { type: 'password', secretData: JSON.stringify(salted('abc')), credentialData: data },
      { type: 'password', secretData: JSON.stringify(salted('abc')) },
      { type: 'password', hashedSaltedValue: 'abc', salt: 'abcd', algorithm: 'pbkdf2' },
    ]) {
      const reply = await realm.api('/users', { json: { username: 'unhashed', credentials: [credential] } })
      expect(reply.status).toBeGreaterThanOrEqual(400)
    }
  })
})
