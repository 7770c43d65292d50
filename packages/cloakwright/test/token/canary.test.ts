import { inspect } from 'node:util'
import { type CloakwrightError, createVerifier, toProblem, type VerifierOptions } from 'cloakwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toChallenge } from '../../src/guard/challenge.ts'
import { claimsOf, makeKey, signClaims, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { refusalOf } from '../support/refusal.ts'

// Security invariant 2: no token and no claim's value in an error, whatever its cause. Issuer and audience appear in
// the log only: they show which setting is wrong.

const canary = 'CANARY7f3a'
const key = makeKey('one', 'RS256')
const stranger = makeKey('one', 'RS256')
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
afterAll(() => issuer.close())

const names = ['iss', 'aud', 'azp', 'sub', 'typ', 'exp', 'iat', 'nbf', 'cnf', 'jti', 'scope', 'realm_access']
const claims = (name: string): Record<string, unknown> =>
  claimsOf(issuer.issuer, { secret: canary, [name]: canary })
const header = { alg: 'RS256', kid: 'one', secret: canary }

type Case = readonly [name: string, make: () => string | Promise<string>, options?: Partial<VerifierOptions>]
const tokens: readonly Case[] = [
  ...names.map((name) => [`claim ${name}`, () => signClaims(key, claims(name), { secret: canary })] as const),
  ['azp not allowed', () => signClaims(key, claims('azp')), { authorizedParties: ['shop-web'] }],
  ['expired', () => signClaims(key, { ...claims('jti'), exp: 1 })],
  ['another audience', () => signClaims(key, { ...claims('jti'), aud: [canary] })],
  ['a foreign signature', () => signClaims(stranger, claims('jti'))],
  ['an unknown key', () => signClaims(key, claims('jti'), { kid: canary })],
  ['another algorithm', () => signRaw(key, JSON.stringify({ ...header, alg: canary }), '{}')],
  ['another type', () => signRaw(key, JSON.stringify({ ...header, typ: canary }), '{}')],
  ['critical', () => signRaw(key, JSON.stringify({ ...header, crit: [canary] }), '{}')],
  ['a header that is not JSON', () => signRaw(key, `{"${canary}"`, '{}')],
  ['a payload that is not JSON', () => signRaw(key, JSON.stringify(header), `{"sub":"${canary}"`)],
  [
    'a payload with a name twice',
    () => signRaw(key, JSON.stringify(header), `{"sub":"${canary}","sub":"${canary}"}`),
  ],
  ['garbage', () => `${canary}.${canary}.${canary}`],
  ['garbage with spaces', () => `${canary} ${canary}`],
  ['too long', () => canary.repeat(5000)],
]

test.each(tokens.map(([name, make, options]) => ({ name, make, options })))(
  '$name',
  async ({ make, options }) => {
    const token = await make()
    const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', ...options })
    const refusal = await refusalOf(() => verifier.verify(token))
    if (refusal === undefined) return // some values are no reason to refuse
    expectClean(refusal, token)
  },
)

test('all of these are refused, except the four whose claim may have any value', async () => {
  const verifier = createVerifier({
    issuer: issuer.issuer,
    audience: 'shop-api',
    authorizedParties: ['shop-web'],
  })
  let refused = 0
  for (const [, make] of tokens)
    if ((await refusalOf(async () => verifier.verify(await make()))) !== undefined) refused++
  expect(refused).toBe(tokens.length - 4)
})

function expectClean(error: CloakwrightError, token: string): void {
  const response = [toChallenge(error, { realm: 'shop' }), JSON.stringify(toProblem(error, 'req-1'))]
  const log = inspect(error, { depth: 9, showHidden: true })
  const tells = error.code === 'CW_TOKEN_ISSUER' || error.code === 'CW_TOKEN_AUDIENCE'
  if (tells) expect(error.message.split(canary)).toHaveLength(2)
  const everything = [tells ? log.replaceAll(error.message, '') : log, ...response].join('\n')
  expect(everything).not.toContain(canary)
  for (const part of token.split('.').filter((one) => one.length > 8)) expect(everything).not.toContain(part)
}
