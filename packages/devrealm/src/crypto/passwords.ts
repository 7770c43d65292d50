import { pbkdf2 as pbkdf2Callback, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { hashRaw } from '@node-rs/argon2'
import type { Credential, User } from '../model/index.ts'

const pbkdf2 = promisify(pbkdf2Callback)

/** Keycloak's own parameters of Argon2id, about 10 ms a password: hashes move between the two by export and import. */
const cost = { hashIterations: 5, memory: 7168, parallelism: 1, hashLength: 32 }

/**
 * Makes the credential for a password; the password itself is not kept.
 *
 * @param now Milliseconds since the epoch.
 */
export async function passwordCredential(password: string, now: number): Promise<Credential> {
  const salt = randomBytes(16)
  const value = await argon2(password, salt, cost)
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
      hashIterations: cost.hashIterations,
      algorithm: 'argon2',
      additionalParameters: {
        hashLength: [String(cost.hashLength)],
        memory: [String(cost.memory)],
        type: ['id'],
        version: ['1.3'],
        parallelism: [String(cost.parallelism)],
      },
    }),
  }
}

/**
 * Whether the password is the user's. An empty one never is, even where a change or an import made a hash of it. Takes as long for a
 * user who does not exist or has no password, so that the time tells nothing about who exists.
 */
export async function isPasswordOf(user: User | undefined, password: string): Promise<boolean> {
  const credential = user?.credentials.find((each) => each.type === 'password')
  if (credential === undefined || password === '') {
    await argon2(password, decoySalt, cost)
    return false
  }
  try {
    const secret = JSON.parse(credential.secretData) as { value: string; salt: string }
    const data = JSON.parse(credential.credentialData) as HashParameters
    const expected = Buffer.from(secret.value, 'base64')
    const actual = await derive(password, Buffer.from(secret.salt, 'base64'), data, expected.length)
    return actual.length > 0 && actual.length === expected.length && timingSafeEqual(actual, expected)
  } catch {
    // An import may bring a hash that is none: no password is its.
    return false
  }
}

/** More than any realm uses; a hash that asks for more would keep this process from anything else. */
const limits = { iterations: 10_000_000, passes: 100, memory: 1024 * 1024, parallelism: 64, length: 1024 }

const decoySalt = randomBytes(16)

interface HashParameters {
  algorithm: string
  hashIterations: number
  additionalParameters?: Record<string, string[]>
}

/** The algorithms that Keycloak exports: Argon2id, and PBKDF2 of older realms. */
async function derive(password: string, salt: Buffer, data: HashParameters, length: number): Promise<Buffer> {
  const parameter = (name: string, fallback: number): number =>
    Number(data.additionalParameters?.[name]?.[0] ?? fallback)
  const within = (value: number, most: number): number => {
    if (Number.isInteger(value) && value > 0 && value <= most) return value
    throw new RangeError('a password hash has parameters that are none')
  }
  if (data.algorithm === 'argon2') {
    return argon2(password, salt, {
      hashIterations: within(data.hashIterations, limits.passes),
      memory: within(parameter('memory', cost.memory), limits.memory),
      parallelism: within(parameter('parallelism', cost.parallelism), limits.parallelism),
      hashLength: within(parameter('hashLength', length), limits.length),
    })
  }
  const digest = /^pbkdf2(?:-(sha(?:256|512)))?$/.exec(data.algorithm)
  if (digest === null) return Buffer.alloc(0)
  const iterations = within(data.hashIterations, limits.iterations)
  return pbkdf2(password, salt, iterations, within(length, limits.length), digest[1] ?? 'sha1')
}

function argon2(password: string, salt: Buffer, parameters: typeof cost): Promise<Buffer> {
  return hashRaw(password, {
    salt,
    timeCost: parameters.hashIterations,
    memoryCost: parameters.memory,
    parallelism: parameters.parallelism,
    outputLen: parameters.hashLength,
  })
}
