import { pbkdf2 as pbkdf2Callback } from 'node:crypto'
import { promisify } from 'node:util'
import { hashRaw } from '@node-rs/argon2'

const pbkdf2 = promisify(pbkdf2Callback)

/** Keycloak's parameters of Argon2id, about 10 ms per password, so hashes can move between both by export and import. */
export const hashCost = { hashIterations: 5, memory: 7168, parallelism: 1, hashLength: 32 }

/** More than any realm uses; a hash with higher parameters would block the process. */
const limits = { iterations: 10_000_000, passes: 100, memory: 1024 * 1024, parallelism: 64, length: 1024 }

export interface HashParameters {
  algorithm: string
  hashIterations: number
  additionalParameters?: Record<string, string[]>
}

/** The hash of a new password. */
export function newHash(password: string, salt: Buffer): Promise<Buffer> {
  return argon2(password, salt, hashCost)
}

/**
 * Hashes a password with the parameters of a stored hash. Supports the algorithms in Keycloak exports: Argon2id, and PBKDF2 of
 * older realms.
 */
export async function hashAs(
  password: string,
  salt: Buffer,
  data: HashParameters,
  length: number,
): Promise<Buffer> {
  const parameter = (name: string, fallback: number): number =>
    Number(data.additionalParameters?.[name]?.[0] ?? fallback)
  const within = (value: number, most: number): number => {
    if (Number.isInteger(value) && value > 0 && value <= most) return value
    throw new RangeError('a password hash has invalid parameters')
  }
  if (data.algorithm === 'argon2') {
    return argon2(password, salt, {
      hashIterations: within(data.hashIterations, limits.passes),
      memory: within(parameter('memory', hashCost.memory), limits.memory),
      parallelism: within(parameter('parallelism', hashCost.parallelism), limits.parallelism),
      hashLength: within(parameter('hashLength', length), limits.length),
    })
  }
  const digest = /^pbkdf2(?:-(sha(?:256|512)))?$/.exec(data.algorithm)
  if (digest === null) return Buffer.alloc(0)
  const iterations = within(data.hashIterations, limits.iterations)
  return pbkdf2(password, salt, iterations, within(length, limits.length), digest[1] ?? 'sha1')
}

function argon2(password: string, salt: Buffer, parameters: typeof hashCost): Promise<Buffer> {
  return hashRaw(password, {
    salt,
    timeCost: parameters.hashIterations,
    memoryCost: parameters.memory,
    parallelism: parameters.parallelism,
    outputLen: parameters.hashLength,
  })
}
