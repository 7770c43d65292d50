import { type CommonOptions, createRevocations, createVerifier, explainToken } from 'cloakwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimsOf, json, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

const key = makeKey('one', 'ES256')
const forged = { ...makeKey('one', 'ES256'), kid: 'one' }
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
})
afterAll(() => issuer.close())

interface Token {
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  readonly forged?: true
  readonly form?: (token: string) => string
}

const explain = async (
  { claims, header, form = (text) => text, ...token }: Token,
  more: Partial<CommonOptions> = {},
) => {
  const options = { issuer: issuer.issuer, audience: 'shop-api', authorizedParties: ['shop-web'], ...more }
  const signed = await signClaims(token.forged ? forged : key, claimsOf(issuer.issuer, claims), header)
  return await explainToken(createVerifier(options), form(signed))
}

/** Each check with a token that it refuses, in the verifier's order. */
const wrong: readonly (readonly [check: string, token: Token])[] = [
  ['form', { form: (text) => `${text}.` }],
  [
    'algorithm',
    {
      form: (text) =>
        text.replace(/^[^.]*/, Buffer.from('{"alg":"HS256","kid":"one"}').toString('base64url')),
    },
  ],
  ['key', { header: { kid: 'two' } }],
  ['signature', { forged: true }],
  ['type', { claims: { typ: 'ID' } }],
  ['issuer', { claims: { iss: 'https://elsewhere.example/realms/shop' } }],
  ['times', { claims: { exp: 1, iat: 0 } }],
  ['audience', { claims: { aud: 'another' } }],
  ['authorized party', { claims: { azp: 'another' } }],
  ['claims', { claims: { sub: '' } }],
  ['binding', { claims: { cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } } }],
]

test('a token that is accepted has passed every check', async () => {
  const { token, error, steps } = await explain({})
  expect(token?.username).toBe('alice')
  expect(error).toBeUndefined()
  expect(steps.map(({ check, state }) => `${check} ${state}`)).toEqual(
    wrong.map(([check]) => `${check} passed`),
  )
})

test.each(wrong)('%s: this check fails, and nothing after it is known', async (check, token) => {
  const { steps, error, token: accepted } = await explain(token)
  expect(accepted).toBeUndefined()
  expect(error?.hint).toBeTruthy()
  const failed = steps.findIndex((step) => step.state === 'failed')
  expect(steps[failed]?.check).toBe(check)
  expect(new Set(steps.slice(failed + 1).map(({ state }) => state))).toEqual(
    failed === 10 ? new Set() : new Set(['open']),
  )
})

test.each(wrong)('%s: the checks reported as passed have passed', async (check, token) => {
  const { steps } = await explain(token)
  for (const { check: other } of steps.filter((step) => step.state === 'passed')) {
    const [, both] = wrong.find(([name]) => name === other) ?? []
    const { steps: found } = await explain({
      ...token,
      ...both,
      claims: { ...token.claims, ...both?.claims },
      header: { ...token.header, ...both?.header },
      form: (text) => (both?.form ?? String)((token.form ?? String)(text)),
    })
    // Wrong in both: the check that was reported as passed before `check` is the one that fails.
    expect([other, check, found.find((step) => step.state === 'failed')?.check]).toEqual([
      other,
      check,
      other,
    ])
  }
})

test('for a revoked token, all checks of the token itself have passed', async () => {
  const revocations = createRevocations()
  await revocations.revoke(issuer.issuer, { notBefore: Math.floor(Date.now() / 1000) + 1 })
  const { error, steps } = await explain({}, { revocations })
  expect(error?.code).toBe('CW_TOKEN_REVOKED')
  expect(steps.filter(({ state }) => state !== 'passed')).toEqual([{ check: 'binding', state: 'open' }])
})

test('for an opaque token, nothing is reported about a signature', async () => {
  issuer.answers.introspection = (_request, response) =>
    json(response, { ...claimsOf(issuer.issuer), active: true, token_type: 'Bearer' })
  const introspection = { clientId: 'shop-api', clientSecret: 'secret' }
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api', introspection })
  const { token, steps } = await explainToken(verifier, 'opaque-'.repeat(5))
  issuer.answers = {}
  expect(token?.username).toBe('alice')
  expect(steps.map(({ state }) => state).join(' ')).toBe(
    'open open open open passed passed passed passed passed passed passed',
  )
})

test('with several realms, the issuer is checked before the key', async () => {
  const verifier = createVerifier({ issuers: [{ issuer: issuer.issuer, audience: 'shop-api' }] })
  const claims = claimsOf(issuer.issuer, { iss: 'https://elsewhere.example/realms/shop' })
  const { steps } = await explainToken(verifier, await signClaims(forged, claims))
  expect(steps.filter(({ state }) => state === 'passed').map(({ check }) => check)).toEqual([
    'form',
    'algorithm',
  ])
  expect(steps.find(({ state }) => state === 'failed')?.check).toBe('issuer')
})

test('keys that could not be fetched fail the check of the key', async () => {
  issuer.answers.jwks = (_request, response) => response.writeHead(500).end()
  const { steps, error } = await explain({})
  issuer.answers = {}
  expect(error?.code).toBe('CW_KEYS_UNAVAILABLE')
  expect(steps.find((step) => step.state === 'failed')?.check).toBe('key')
})
