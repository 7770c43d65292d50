import { randomBytes } from 'node:crypto'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bindingOf, checkProofs, createDpop, type ProofChecks } from '../../src/proof/index.ts'
import { codeOf } from '../support/refusal.ts'
import { athOf, makeProofKey, type ProofContent, type ProofKey, signProof } from './support/proofs.ts'

// Keycloak's own DPoP on a real server: its tokens are read here, and its userinfo endpoint checks the same proofs.

const server = process.env['CONFORMANCE_SERVER']?.replace(/\/+$/, '') ?? ''
const name = `proof-${randomBytes(5).toString('hex')}`
const oidc = `/realms/${name}/protocol/openid-connect`
const userinfo = `${server}${oidc}/userinfo`
const secret = randomBytes(16).toString('hex')
const clients = { bound: { 'dpop.bound.access.tokens': 'true' }, free: {} }

async function administrator(): Promise<Record<string, string>> {
  const { CONFORMANCE_ADMIN_USERNAME: username = 'admin', CONFORMANCE_ADMIN_PASSWORD: password = 'admin' } =
    process.env
  const body = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password })
  const answer = await fetch(`${server}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body,
  })
  const { access_token } = (await answer.json()) as { access_token: string }
  return { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }
}

interface Grant {
  readonly status: number
  readonly body: { access_token: string; token_type: string; error_description?: string }
}

async function grant(clientId: keyof typeof clients, proof?: string): Promise<Grant> {
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
    scope: 'openid',
  }
  const answer = await fetch(`${server}${oidc}/token`, {
    method: 'POST',
    headers: proof === undefined ? {} : { dpop: proof },
    body: new URLSearchParams(form),
  })
  return { status: answer.status, body: (await answer.json()) as Grant['body'] }
}

const tokenProof = (key: ProofKey): Promise<string> =>
  signProof(key, { method: 'POST', uri: `${server}${oidc}/token` })

describe.skipIf(server === '')('DPoP of Keycloak', () => {
  let key: ProofKey
  let other: ProofKey
  let accessToken: string
  let claims: JWTPayload
  let checks: ProofChecks
  beforeAll(async () => {
    const answer = await fetch(`${server}/admin/realms`, {
      method: 'POST',
      headers: await administrator(),
      body: JSON.stringify({
        realm: name,
        enabled: true,
        clients: Object.entries(clients).map(([clientId, attributes]) => ({
          clientId,
          secret,
          serviceAccountsEnabled: true,
          attributes,
        })),
      }),
    })
    expect(answer.status).toBe(201)
    key = await makeProofKey()
    other = await makeProofKey()
    const { body } = await grant('bound', await tokenProof(key))
    accessToken = body.access_token
    const keys = createRemoteJWKSet(new URL(`${server}${oidc}/certs`))
    claims = (await jwtVerify(accessToken, keys)).payload
    checks = { dpop: createDpop({ publicUrl: server }) }
  })
  afterAll(async () => {
    await fetch(`${server}/admin/realms/${name}`, { method: 'DELETE', headers: await administrator() })
  })

  test('its tokens have the thumbprint of the proof’s key, and a member of Keycloak’s own', async () => {
    expect(claims).toMatchObject({ typ: 'DPoP', cnf: { jkt: key.jkt, 'kc-jkt-type': 'DPoP' } })
    expect(bindingOf({ ...claims })).toEqual({ jkt: key.jkt })
  })

  test('a client without required proofs gets a bound token with a proof, and a plain one without', async () => {
    expect((await grant('free', await tokenProof(key))).body.token_type).toBe('DPoP')
    expect((await grant('free')).body.token_type).toBe('Bearer')
    expect(await grant('bound')).toMatchObject({
      status: 400,
      body: { error_description: 'DPoP proof is missing' },
    })
  })

  /** The results of Keycloak and of this package for the same proof. */
  async function judged(proofs: readonly string[]): Promise<{ keycloak: number; code: string }> {
    const headers = new Headers({ authorization: `DPoP ${accessToken}` })
    for (const proof of proofs) headers.append('dpop', proof)
    const { status } = await fetch(userinfo, { headers })
    const presentation = {
      scheme: 'DPoP' as const,
      method: 'GET',
      target: `${oidc}/userinfo`,
      dpop: proofs,
      certificate: () => undefined,
    }
    const code = await codeOf(() =>
      checkProofs(bindingOf({ ...claims }), presentation, accessToken, checks, Date.now()),
    )
    return { keycloak: status, code }
  }

  const good = (content: ProofContent = {}, by = key): Promise<string> =>
    signProof(by, { method: 'GET', uri: userinfo, accessToken }, content)

  test('a valid proof is accepted by both, once', async () => {
    const proof = await good()
    expect(await judged([proof])).toEqual({ keycloak: 200, code: 'accepted' })
    expect(await judged([proof])).toEqual({ keycloak: 401, code: 'CW_PROOF_REPLAYED' })
  })

  test.each<[string, ProofContent]>([
    ['without ath', { claims: { ath: undefined } }],
    ['for another token', { claims: { ath: athOf('another') } }],
    ['for another method', { claims: { htm: 'POST' } }],
    ['for another URL', { claims: { htu: `${userinfo}x` } }],
    ['that is old', { claims: { iat: Math.floor(Date.now() / 1000) - 600 } }],
    ['from the future', { claims: { iat: Math.floor(Date.now() / 1000) + 600 } }],
    ['without jti', { claims: { jti: undefined } }],
    ['of another type', { header: { typ: 'JWT' } }],
  ])('a proof %s is refused by both', async (_name, content) => {
    expect(await judged([await good(content)])).toEqual({ keycloak: 401, code: 'CW_PROOF_INVALID' })
  })

  test('a proof by another key, or none, is refused by both', async () => {
    for (const proofs of [[await good({}, other)], []])
      expect(await judged(proofs)).toEqual({ keycloak: 401, code: 'CW_PROOF_INVALID' })
  })
})

if (server === '') console.warn('CONFORMANCE_SERVER is unset: Keycloak’s DPoP is not tested')
