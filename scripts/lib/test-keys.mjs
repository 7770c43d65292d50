/**
 * RSA keys for the tests, made once for a checkout: a new one takes a core a quarter of a second or more, and a run
 * would make more than a thousand. scripts/test-rsa-keys.ts hands them out.
 */
import { generateKeyPair } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './root.mjs'

export const testKeysFile = join(root, '.cache/test-rsa-keys.json')

/** More than any test file makes at a time: each gets different ones. */
const count = 32

export async function makeTestKeys() {
  if (existsSync(testKeysFile)) return
  const pairs = await Promise.all(
    Array.from({ length: count }, () =>
      promisify(generateKeyPair)('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      }),
    ),
  )
  mkdirSync(dirname(testKeysFile), { recursive: true })
  const own = `${testKeysFile}.${process.pid}`
  writeFileSync(own, JSON.stringify(pairs.map(({ privateKey }) => privateKey)), { mode: 0o600 })
  renameSync(own, testKeysFile)
}
