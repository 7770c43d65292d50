import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createVerifier } from 'cloakwright'
import { cloakwright, requireRole, requireUser, userOf } from 'cloakwright/fastify'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

const key = makeKey('one')
let issuer: TestIssuer
let app: FastifyInstance
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  app = Fastify()
  await app.register(cloakwright, { verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api' }) })
  app.get('/me', { onRequest: requireUser() }, (request) => ({ hello: userOf(request).username }))
  app.get('/boss', { onRequest: requireRole('boss') }, () => ({ welcome: true }))
})
afterAll(async () => {
  await app.close()
  await issuer.close()
})
test('x', async () => {
  const t = await signClaims(key, claimsOf(issuer.issuer))
  const r = await app.inject({ url: '/me', headers: { authorization: `Bearer ${t}` } })
  expect([r.statusCode, r.json()]).toEqual([200, { hello: 'alice' }])
  for (const o of [{ url: '/boss', headers: { authorization: `Bearer ${t}` } }, { url: '/me' }, { url: '/me', headers: { authorization: 'Bearer x' } }]) {
    const r2 = await app.inject(o)
    console.log(r2.statusCode, r2.headers, r2.body)
  }
})
