import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Credential, User } from '../model/index.ts'
import { type HashParameters, hashAs, hashCost, newHash } from './password-hash.ts'

/**
 * Creates the credential for a password; the password itself is not stored.
 *
 * @param now Milliseconds since the epoch.
 */
export async function passwordCredential(password: string, now: number): Promise<Credential> {
  const salt = randomBytes(16)
  const value = await newHash(password, salt)
  return {
    id: randomUUID(),
    type: 'password',
    createdDate: now,
    secretData: JSON.stringify({
      value: value.toString('base64'),
      salt: salt.toString('base64'),
      additionalParameters: {},
    }),
    credentialData: JSON.stringify({
      hashIterations: hashCost.hashIterations,
      algorithm: 'argon2',
      additionalParameters: {
        hashLength: [String(hashCost.hashLength)],
        memory: [String(hashCost.memory)],
        type: ['id'],
        version: ['1.3'],
        parallelism: [String(hashCost.parallelism)],
      },
    }),
  }
}

/**
 * Whether the password is the user's. An empty password never is, even with a stored hash of it. Takes the same time for an
 * unknown user or one without a password, so the time does not reveal who exists.
 */
export async function isPasswordOf(user: User | undefined, password: string): Promise<boolean> {
  const credential = user?.credentials.find((each) => each.type === 'password')
  if (credential === undefined || password === '') {
    await newHash(password, decoySalt)
    return false
  }
  try {
    const secret = JSON.parse(credential.secretData) as { value: string; salt: string }
    const data = JSON.parse(credential.credentialData) as HashParameters
    const expected = Buffer.from(secret.value, 'base64')
    const actual = await hashAs(password, Buffer.from(secret.salt, 'base64'), data, expected.length)
    return actual.length > 0 && actual.length === expected.length && timingSafeEqual(actual, expected)
  } catch {
    // An import may bring an invalid hash: it matches no password.
    return false
  }
}

const decoySalt = randomBytes(16)
