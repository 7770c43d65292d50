import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVerifier } from 'cloakwright'
import type { JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startIssuer, type TestIssuer } from '../support/issuer.ts'
import { refusalOf } from '../support/refusal.ts'

// Project Wycheproof's JWS and JWK vectors, from the folder in CLOAKWRIGHT_VECTORS.

interface Vectors {
  readonly testGroups: readonly {
    readonly comment: string
    readonly public?: JWK | { readonly keys: readonly JWK[] }
    readonly private: JWK | { readonly keys: readonly JWK[] }
    readonly tests: readonly {
      readonly tcId: number
      readonly comment: string
      readonly jws: unknown
      readonly result: string
    }[]
  }[]
}

const folder = process.env['CLOAKWRIGHT_VECTORS']
if (folder === undefined)
  console.warn(
    'CLOAKWRIGHT_VECTORS is unset: the Wycheproof vectors are skipped. Name the folder of wycheproof-jws.json.',
  )
const vectorsOf = (file: string): Vectors['testGroups'] =>
  folder === undefined ? [] : (JSON.parse(readFileSync(join(folder, file), 'utf8')) as Vectors).testGroups

/** Vectors that are valid, but that a verifier of Keycloak's tokens refuses on purpose. */
function strictness(jws: string, keys: readonly JWK[]): string | undefined {
  const segments = jws.split('.')
  if (segments.length === 3 && segments[1] === '') return 'empty payload'
  const header = JSON.parse(Buffer.from(segments[0] ?? '', 'base64url').toString()) as Record<string, unknown>
  if (String(header['alg']).startsWith('HS')) return 'symmetric'
  const key = keys.find((one) => one.kid === header['kid'])
  if (key === undefined) return 'no key of this name'
  return key.alg !== undefined && key.alg !== header['alg'] ? 'another algorithm than its key’s' : undefined
}

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer([])
})
afterAll(() => issuer.close())

/** Their payloads are not claims: a verifier that accepts the signature refuses the payload. */
async function isSigned(jws: unknown, keys: readonly JWK[]): Promise<boolean> {
  issuer.keys = keys
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  const refusal = await refusalOf(() => verifier.verify(jws as string))
  expect(refusal, 'no vector has claims').toBeDefined()
  return /its payload/.test(refusal?.message ?? '')
}

describe.skipIf(folder === undefined).each(['wycheproof-jws.json', 'wycheproof-jwk.json'])('%s', (file) => {
  const groups = vectorsOf(file)
  test.each(groups.map((group, at) => [`${at} ${group.comment}`, group] as const))(
    '%s',
    async (_name, group) => {
      const published = group.public ?? group.private
      const keys = 'keys' in published ? (published.keys as readonly JWK[]) : [published as JWK]
      for (const { tcId, comment, jws, result } of group.tests) {
        if (comment === 'rejectsKeyWithRocaVulnerability') continue // the realm itself creates its keys
        const signed = await isSigned(jws, keys)
        if (result === 'valid') {
          const refusedFor = strictness(jws as string, keys)
          expect(signed, `${tcId} ${comment}: ${refusedFor}`).toBe(refusedFor === undefined)
        } else expect(signed, `${tcId} ${comment}`).toBe(false)
      }
    },
  )
})
