import { type AccessToken, clientRole, createVerifier, type Policy, role, scope, user } from 'cloakwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

const key = makeKey('one', 'ES256')
const context = { now: Date.now() / 1000, request: undefined, tokenText: '' }
const odd = 'Süd/West "A" + 1%'
let issuer: TestIssuer
let token: AccessToken
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  const claims = claimsOf(issuer.issuer, {
    realm_access: { roles: ['user', 'admin', odd] },
    resource_access: { 'shop-api': { roles: ['stock-keeper', 'buyer'] }, 'realm:admin': { roles: ['x'] } },
    scope: 'openid readall write',
  })
  token = await verifier.verify(await signClaims(key, claims))
})
afterAll(() => issuer.close())

const cases: readonly (readonly [name: string, policy: Policy, allowed: boolean])[] = [
  ['any user', user(), true],
  ['a realm role', role('admin'), true],
  ['a realm role of odd letters', role(odd), true],
  ['a missing realm role', role('auditor'), false],
  ['all of several realm roles', role('user', 'admin'), true],
  ['several realm roles, one missing', role('admin', 'auditor'), false],
  ['a realm role in another case', role('Admin'), false],
  ['a client’s role is no realm role', role('stock-keeper'), false],
  ['a client role', clientRole('shop-api', 'stock-keeper'), true],
  ['several client roles', clientRole('shop-api', 'stock-keeper', 'buyer'), true],
  ['a missing client role', clientRole('shop-api', 'auditor'), false],
  ['another client’s role', clientRole('shop-web', 'stock-keeper'), false],
  ['a realm role is no client role', clientRole('shop-api', 'admin'), false],
  ['a scope', scope('readall'), true],
  ['several scopes', scope('readall', 'write'), true],
  ['a scope that is only the beginning of one', scope('read'), false],
  ['a missing scope', scope('write', 'delete'), false],
  ['a prototype name as realm role', role('__proto__'), false],
  ['a prototype name as client', clientRole('__proto__', 'admin'), false],
  ['a prototype name as client role', clientRole('constructor', 'constructor'), false],
  ['a prototype name as scope', scope('constructor'), false],
]

test.each(cases)('%s', async (_name, policy, allowed) => {
  expect((await policy.evaluate(token, context)).allowed).toBe(allowed)
})

test('a refusal names what is missing, and a scope also what would be enough', async () => {
  expect(await role('admin', 'auditor').evaluate(token, context)).toEqual({
    allowed: false,
    code: 'CW_FORBIDDEN',
    reason: 'missing realm role: auditor',
  })
  expect(await clientRole('shop-api', 'auditor').evaluate(token, context)).toMatchObject({
    reason: 'missing role of client shop-api: auditor',
  })
  expect(await scope('write', 'delete').evaluate(token, context)).toEqual({
    allowed: false,
    code: 'CW_SCOPE_INSUFFICIENT',
    reason: 'missing scope: delete',
    challenge: { scope: 'write delete' },
  })
})

test.each([
  ['no role', () => (role as () => Policy)()],
  ['an empty role', () => role('')],
  ['an undefined role', () => role(undefined as unknown as string)],
  ['no client role', () => (clientRole as (client: string) => Policy)('shop-api')],
  ['an empty scope', () => scope('')],
])('a policy that asks for %s is a mistake, not an open door', async (_name, make) => {
  expect(await codeOf(make)).toBe('CW_CONFIG_INVALID')
})
