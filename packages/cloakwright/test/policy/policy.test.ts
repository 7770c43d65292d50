import {
  type AccessToken,
  audience,
  clientRole,
  createVerifier,
  not,
  type Policy,
  role,
  scope,
  user,
} from 'cloakwright'
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
  ['a client role is not a realm role', role('stock-keeper'), false],
  ['a client role', clientRole('shop-api', 'stock-keeper'), true],
  ['several client roles', clientRole('shop-api', 'stock-keeper', 'buyer'), true],
  ['a missing client role', clientRole('shop-api', 'auditor'), false],
  ['another client’s role', clientRole('shop-web', 'stock-keeper'), false],
  ['a realm role is not a client role', clientRole('shop-api', 'admin'), false],
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

test('a refusal names what is missing, and for a scope also the required ones', async () => {
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

// A client without the scope `roles` has none of the user's roles in its tokens.
test.each<[string, Policy, Record<string, unknown>, boolean]>([
  ['a user without the role', not(role('blocked')), {}, true],
  ['a user with it', not(role('admin')), {}, false],
  ['a token without roles', not(role('blocked')), { realm_access: undefined }, false],
  [
    'a token with roles that are no list',
    not(role('blocked')),
    { realm_access: { roles: 'blocked' } },
    false,
  ],
  ['a user without the client’s role', not(clientRole('shop-api', 'blocked')), {}, true],
  ['a user without a role of that client', not(clientRole('shop-web', 'blocked')), {}, true],
  [
    'a token without client roles',
    not(clientRole('shop-api', 'blocked')),
    { resource_access: undefined },
    false,
  ],
])('the opposite: %s', async (_name, policy, change, allowed) => {
  const verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  const other = await verifier.verify(await signClaims(key, claimsOf(issuer.issuer, change)))
  expect((await policy.evaluate(other, context)).allowed).toBe(allowed)
})

test.each([
  ['no role', () => (role as () => Policy)()],
  ['an empty role', () => role('')],
  ['an undefined role', () => role(undefined as unknown as string)],
  ['no client role', () => (clientRole as (client: string) => Policy)('shop-api')],
  ['an empty scope', () => scope('')],
  ['no audience', () => (audience as () => Policy)()],
  ['an empty audience', () => audience('shop-api', '')],
])('a policy for %s is refused when it is created', async (_name, make) => {
  expect(await codeOf(make)).toBe('CW_CONFIG_INVALID')
})

test('a route for the audience `account` is insecure: nearly every token has it', async () => {
  expect(await codeOf(() => audience('account'))).toBe('CW_CONFIG_INSECURE')
})
