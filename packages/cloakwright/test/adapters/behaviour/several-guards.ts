import { createPermissions } from 'cloakwright'
import { describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../../proof/support/proofs.ts'
import { json, type TestIssuer } from '../../support/issuer.ts'
import type { Driver, Route } from '../drivers/types.ts'
import { form } from './client.ts'
import { type Change, useWorld } from './world.ts'

const publicUrl = 'https://api.example.com'

/** A guard for all routes and one on the route share the results about a request's credentials. */
export function testSeveralGuards(driver: Driver): void {
  const several: readonly Route[] = [
    { path: '/two', guards: (is) => [is.requireUser(), is.requireRole('admin')], handler: 'user' },
    {
      path: '/three',
      guards: (is) => [is.allowAnonymous(), is.requireUser(), is.requireRole('admin')],
      handler: 'user',
    },
  ]

  describe('a DPoP proof', () => {
    const nonceKeys = [Buffer.alloc(32, 7)]
    const usual = useWorld(driver, () => ({ verifier: { dpop: { publicUrl } }, routes: several }))
    const nonces = useWorld(driver, () => ({ verifier: { dpop: { publicUrl, nonceKeys } }, routes: several }))
    const sendWith = async (world: typeof usual, path: string, claims: Record<string, unknown> = {}) => {
      const key = await makeProofKey()
      const token = await world.sign({ typ: 'DPoP', cnf: { jkt: key.jkt } })
      const proofFor = (more: Record<string, unknown>): Promise<string> =>
        signProof(
          key,
          { method: 'GET', uri: publicUrl + path, accessToken: token },
          { claims: { ...claims, ...more } },
        )
      const sendProof = (proof: string) =>
        world.send(path, {
          fields: [
            ['authorization', `DPoP ${token}`],
            ['dpop', proof],
          ],
        })
      return { proofFor, sendProof }
    }

    test.each(['/two', '/three'])('is used once per request: %s', async (path) => {
      const { proofFor, sendProof } = await sendWith(usual, path)
      const proof = await proofFor({})
      const response = await sendProof(proof)
      expect([response.status, response.json()]).toEqual([200, { user: 'alice' }])
      expect((await sendProof(proof)).json()).toMatchObject({ status: 401, code: 'CW_PROOF_REPLAYED' })
      expect((await sendProof(await proofFor({ ath: 'x' }))).json()).toMatchObject({
        code: 'CW_PROOF_INVALID',
      })
    })

    test('adds one fresh nonce to the response', async () => {
      const { proofFor, sendProof } = await sendWith(nonces, '/two')
      const { headers } = await sendProof(await proofFor({}))
      const response = await sendProof(await proofFor({ nonce: headers['dpop-nonce'] }))
      expect(response.status).toBe(200)
      expect(response.headers['dpop-nonce']).toMatch(/^[\w-]{43}$/)
    })
  })

  describe('each request asks the realm once', () => {
    let introspections = 0
    let permissions = 0
    const count = (issuer: TestIssuer): Change => {
      issuer.answers.introspection = (_request, response) => {
        introspections++
        json(response, { active: true, ...introspected })
      }
      issuer.answers.jwks = (request, response) => {
        if (request.method !== 'POST') return json(response, { keys: issuer.keys })
        permissions++
        json(response, [{ rsid: 'a78d', rsname: 'orders', scopes: ['read', 'refund'] }])
      }
      const permission = createPermissions({
        issuer: issuer.issuer,
        audience: 'shop-api',
        answerMaxAge: 0,
      })
      const read = permission({ resource: 'orders', scopes: ['read'] })
      return {
        verifier: {
          introspection: { clientId: 'shop-api', clientSecret: 'secret', maxAge: 0 },
        },
        routes: [
          ...several,
          {
            path: '/permission',
            guards: (is) => [
              is.requirePolicy(read),
              is.requirePolicy(permission({ resource: 'orders', scopes: ['read'] })),
            ],
            handler: 'ok',
          },
        ],
      }
    }
    let introspected: Record<string, unknown> = {}
    const world = useWorld(driver, count)

    test('about a lightweight token', async () => {
      const full = { realm_access: { roles: ['admin'] }, aud: 'shop-api', preferred_username: 'alice' }
      const light = await world.sign({
        jti: 'onltac:3b8b6a0e-7a0e-4f9e-8a43-0f6c1d8d2b11',
        aud: undefined,
        realm_access: undefined,
        resource_access: undefined,
        preferred_username: undefined,
      })
      introspected = claimsIn(light, full)
      for (const times of [1, 2]) {
        expect((await world.sendToken('/two', light)).json()).toEqual({ user: 'alice' })
        expect(introspections).toBe(times)
      }
      introspected = { active: false }
      expect((await world.sendToken('/two', light)).json()).toMatchObject({ code: 'CW_TOKEN_INACTIVE' })
      expect(introspections).toBe(3)
    })

    test('about permissions, by any policies', async () => {
      for (const times of [1, 2]) {
        expect((await world.sendToken('/permission')).status).toBe(200)
        expect(permissions).toBe(times)
      }
    })
  })

  describe('a refusal', () => {
    const world = useWorld(driver, () => ({ routes: several }))

    test('by the first guard ends the request', async () => {
      const response = await world.sendToken('/two', 'x.y.z')
      expect(response.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_MALFORMED' })
      expect(world.logged()).toHaveLength(1)
    })

    test('a second token in a form: 400', async () => {
      const response = await world.sendToken('/two', undefined, {
        method: 'POST',
        fields: [form],
        body: 'access_token=x',
      })
      expect(response.status).toBe(400)
    })
  })
}

function claimsIn(token: string, more: Record<string, unknown>): Record<string, unknown> {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return { ...(JSON.parse(payload) as Record<string, unknown>), ...more }
}
