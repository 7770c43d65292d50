import { pbkdf2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isPasswordOf, passwordCredential } from '../../src/crypto/passwords.ts'
import type { Credential, User } from '../../src/model/index.ts'

const userWith = (...credentials: Credential[]): User => ({
  id: 'u',
  username: 'u',
  enabled: true,
  emailVerified: false,
  createdTimestamp: 0,
  requiredActions: [],
  notBefore: 0,
  credentials,
  roles: [],
  groups: [],
})

describe('a password', () => {
  it('is verified, and no other password is', async () => {
    const user = userWith(await passwordCredential('correct horse', Date.now()))
    expect(await isPasswordOf(user, 'correct horse')).toBe(true)
    expect(await isPasswordOf(user, 'correct horsf')).toBe(false)
    expect(await isPasswordOf(user, '')).toBe(false)
  })

  it('is stored only as a salted hash', async () => {
    const [one, two] = [
      await passwordCredential('correct horse', Date.now()),
      await passwordCredential('correct horse', Date.now()),
    ]
    expect(JSON.stringify(one)).not.toContain('correct horse')
    expect(one.secretData).not.toBe(two.secretData)
  })

  it('is wrong without a user or a credential', async () => {
    expect(await isPasswordOf(undefined, 'x')).toBe(false)
    expect(await isPasswordOf(userWith(), '')).toBe(false)
  })

  it.each(['sha256', 'sha512'])('from an older export is verified: PBKDF2 with %s', async (digest) => {
    const salt = Buffer.from('0123456789abcdef')
    const credential: Credential = {
      id: 'c',
      type: 'password',
      createdDate: 0,
      secretData: JSON.stringify({
        value: pbkdf2Sync('old', salt, 1000, 64, digest).toString('base64'),
        salt: salt.toString('base64'),
      }),
      credentialData: JSON.stringify({ algorithm: `pbkdf2-${digest}`, hashIterations: 1000 }),
    }
    expect(await isPasswordOf(userWith(credential), 'old')).toBe(true)
    expect(await isPasswordOf(userWith(credential), 'new')).toBe(false)
  })

  it('with an unknown hash algorithm is wrong', async () => {
    const credential = {
      ...(await passwordCredential('x', Date.now())),
      credentialData: '{"algorithm":"md5","hashIterations":1}',
    }
    expect(await isPasswordOf(userWith(credential), 'x')).toBe(false)
  })
})
