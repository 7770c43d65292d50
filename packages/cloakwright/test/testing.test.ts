import { allOf, clientRole, createVerifier, explain, role, scope, type Verifier } from 'cloakwright'
import { cloakwright, requireUser, userOf } from 'cloakwright/fastify'
import { fakeAccessToken } from 'cloakwright/testing'
import { cloakwright as web } from 'cloakwright/web'
import Fastify from 'fastify'
import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => void vi.unstubAllEnvs())

test('an ordinary user, with the claims of the test', () => {
  expect(fakeAccessToken()).toMatchObject({
    username: 'test-user',
    realmRoles: [],
    scopes: expect.arrayContaining(['openid']),
  })
  const token = fakeAccessToken({
    sub: 'u-1',
    preferred_username: 'alice',
    email: undefined,
    realm_access: { roles: ['admin'] },
    resource_access: { 'shop-api': { roles: ['stock-keeper'] } },
  })
  expect(token).toMatchObject({ subject: 'u-1', username: 'alice', email: undefined, realmRoles: ['admin'] })
  expect(token.clientRoles('shop-api')).toEqual(['stock-keeper'])
  expect(Object.isFrozen(token.claims)).toBe(true)
  expect(token.expiresAt).toBeGreaterThan(Date.now() / 1000)
})

test('policies decide on it like on a verified token', async () => {
  const token = fakeAccessToken({ realm_access: { roles: ['admin'] }, scope: 'read' })
  const context = { now: token.issuedAt, request: undefined, tokenText: '' }
  expect(await allOf(role('admin'), scope('read')).evaluate(token, context)).toEqual({ allowed: true })
  expect(await explain(clientRole('shop-api', 'x'), token, context)).toMatchObject({ allowed: false })
})

test.each([
  ['no subject', { sub: undefined }, 'CW_TOKEN_CLAIM'],
  ['the type of an ID token', { typ: 'ID' }, 'CW_TOKEN_TYPE'],
])('claims that no verifier accepts are refused: %s', (_name, claims, code) => {
  expect(() => fakeAccessToken(claims)).toThrow(expect.objectContaining({ code }))
})

test('is not allowed with NODE_ENV=production', () => {
  vi.stubEnv('NODE_ENV', 'production')
  expect(() => fakeAccessToken()).toThrow(expect.objectContaining({ code: 'CW_CONFIG_INSECURE' }))
})

test('a guard refuses it, whatever verifier returns it', async () => {
  const token = fakeAccessToken()
  const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
  const verify: Verifier['verify'] = async () => token
  const request = new Request('https://api.example.com/', { headers: { authorization: 'Bearer x' } })
  const codes: string[] = []
  const protect = web({ verifier: { ...verifier, verify }, onRefused: ({ code }) => void codes.push(code) })
  expect((await protect(() => new Response('in'))(request)).status).toBe(500)
  expect(codes).toEqual(['CW_CONFIG_INVALID'])
})

test('a handler that reads the user of a Fastify request receives it', async () => {
  const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
  const app = Fastify()
  await app.register(cloakwright, { verifier })
  app.addHook('onRequest', async (request) => {
    request.user = fakeAccessToken({ preferred_username: 'alice' })
  })
  app.get('/open', (request) => ({ user: userOf(request).username }))
  app.get('/guarded', { onRequest: requireUser() }, () => ({ ok: true }))
  expect((await app.inject('/open')).json()).toEqual({ user: 'alice' })
  expect((await app.inject('/guarded')).statusCode).toBe(401)
  await app.close()
})
