import {
  acr,
  allOf,
  anyOf,
  check,
  createVerifier,
  group,
  maxAge,
  type Policy,
  proof,
  role,
  scope,
} from 'cloakwright'
import { cloakwright, requirePolicy, sendProblem } from 'cloakwright/fastify'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { collectLogs } from '../support/logs.ts'

// What a client and the log see of a policy's decision.

const key = makeKey('one', 'ES256')
const logs = collectLogs()
const owner = check<FastifyRequest>('owner of the order', ({ username }, { query }) => {
  return (query as { owner?: string }).owner === username
})
const policies: Record<string, Policy> = {
  gold: allOf(acr('gold', '2'), maxAge(300), role('admin')),
  write: allOf(scope('write'), scope('openid')),
  bound: proof(),
  order: anyOf(owner, role('auditor')),
  staff: group('/staff'),
  broken: check('x', () => {
    throw new TypeError('CANARY')
  }),
}
let issuer: TestIssuer
let app: FastifyInstance

beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  app = Fastify({ logger: { stream: logs.stream, serializers: { req: ({ method }) => ({ method }) } } })
  app.setErrorHandler(sendProblem)
  await app.register(cloakwright, {
    verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api' }),
  })
  for (const [name, policy] of Object.entries(policies))
    app.get(`/${name}`, { onRequest: requirePolicy(policy) }, () => ({ ok: true }))
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})

const now = Math.floor(Date.now() / 1000)
const gold = { acr: 'gold', auth_time: now - 10 }
const forbidden =
  'error="insufficient_scope", error_description="The access token lacks a required permission"'
const noAdmin = { realm_access: { roles: ['user'] } }

test.each<[string, string, Record<string, unknown>, number, string | undefined, string | undefined]>([
  ['the right login and role', '/gold', gold, 200, undefined, undefined],
  [
    'the right role, no login to speak of',
    '/gold',
    { acr: undefined },
    401,
    'error="insufficient_user_authentication", error_description="A stronger or more recent login is required", acr_values="gold 2", max_age="300"',
    'Token: the token has no acr; the token has no auth_time',
  ],
  [
    'the right role, an old login',
    '/gold',
    { ...gold, auth_time: now - 400 },
    401,
    'error="insufficient_user_authentication", error_description="A stronger or more recent login is required", max_age="300"',
    'Token: the login is more than 300 s ago',
  ],
  [
    'the right login, the wrong role',
    '/gold',
    { ...gold, ...noAdmin },
    403,
    forbidden,
    'Token: missing realm role: admin',
  ],
  ['neither', '/gold', noAdmin, 403, forbidden, /; missing realm role: admin$/.source],
  [
    'a scope is missing',
    '/write',
    {},
    403,
    'error="insufficient_scope", error_description="The access token lacks a required scope", scope="write"',
    'Token: missing scope: write',
  ],
  [
    'a plain token where a bound one is needed',
    '/bound',
    {},
    401,
    'error="invalid_token"',
    'Token: not a token bound to a key',
  ],
  ['the owner', '/order?owner=alice', {}, 200, undefined, undefined],
  [
    'another user',
    '/order?owner=bob',
    {},
    403,
    forbidden,
    'Token: not owner of the order; missing realm role: auditor',
  ],
  ['no groups', '/staff', { groups: undefined }, 403, forbidden, 'Token: missing group: /staff'],
])('%s', async (_name, url, claims, status, challenge, reason) => {
  logs.take()
  const token = await signClaims(key, claimsOf(issuer.issuer, claims))
  const answer = await app.inject({ url, headers: { authorization: `Bearer ${token}` } })
  expect(answer.statusCode).toBe(status)
  const field = answer.headers['www-authenticate']
  if (challenge === undefined) expect(field).toBeUndefined()
  else expect(field).toContain(challenge)
  expect(answer.body).not.toContain('missing')
  const [line] = logs.take()
  if (reason === undefined) expect(line).toBeUndefined()
  else expect(line?.msg).toMatch(reason.startsWith('Token') ? reason : new RegExp(reason))
})

test('an error of a policy’s own function is the server’s', async () => {
  const token = await signClaims(key, claimsOf(issuer.issuer))
  const answer = await app.inject({ url: '/broken', headers: { authorization: `Bearer ${token}` } })
  expect(answer.statusCode).toBe(500)
  expect(answer.body).not.toContain('CANARY')
})
