import { createHash } from 'node:crypto'
import type { DpopOptions } from 'cloakwright'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate } from '../../proof/support/certificates.ts'
import { makeProofKey, type ProofContent, type ProofKey, signProof } from '../../proof/support/proofs.ts'
import type { Driver } from '../drivers/types.ts'
import { bearer, type Received } from './client.ts'
import { useWorld, type World } from './world.ts'

const publicUrl = 'https://api.example.com'
const algorithms = ['ES256', 'RS256'] as const
const algs = 'algs="ES256 RS256"'
const client = makeCertificate('client')
const another = makeCertificate('another')
const x5t = createHash('sha256').update(client.der).digest('base64url')

/** Tokens that are bound to a key, and the proofs of their holders. */
export function testProofs(driver: Driver): void {
  let key: ProofKey
  beforeAll(async () => {
    key = await makeProofKey()
  })

  const useDpop = (more: Partial<DpopOptions> = {}): World =>
    useWorld(driver, () => ({ verifier: { dpop: { publicUrl, algorithms, ...more } } }))
  const proofFor = (accessToken: string, path = '/me', content: ProofContent = {}): Promise<string> =>
    signProof(key, { method: 'GET', uri: publicUrl + path, accessToken }, content)
  const bound = (world: World): Promise<string> => world.sign({ typ: 'DPoP', cnf: { jkt: key.jkt } })
  const sendProof = (
    world: World,
    token: string,
    proof: string | undefined,
    path = '/me',
    method = 'GET',
  ): Promise<Received> => {
    const proofs = proof === undefined ? [] : [['DPoP', proof] as const]
    return world.send(path, { method, fields: [['authorization', `DPoP ${token}`], ...proofs] })
  }

  describe('DPoP', () => {
    const world = useDpop()
    const both = (bearerParameters: string): string =>
      `Bearer realm="shop"${bearerParameters}, DPoP realm="shop", ${algs}`
    const refused = (description: string): string =>
      `DPoP realm="shop", error="invalid_dpop_proof", error_description="${description}", ${algs}`

    test('a valid proof is admitted', async () => {
      const token = await bound(world)
      const response = await sendProof(world, token, await proofFor(token))
      expect([response.status, response.json()]).toEqual([200, { user: 'alice' }])
      expect(response.headers['dpop-nonce']).toBeUndefined()
      const again = await sendProof(world, token, await proofFor(token, '/bound'), '/bound')
      expect(again.status).toBe(200)
    })

    test('its URL has the whole path, also below the prefix of a router, and no query', async () => {
      const token = await bound(world)
      const proof = await proofFor(token, '/mounted/me')
      expect((await sendProof(world, token, proof, '/mounted/me?page=2')).status).toBe(200)
      const short = await proofFor(token, '/me')
      expect((await sendProof(world, token, short, '/mounted/me')).status).toBe(401)
    })

    test('its method must be the request’s', async () => {
      const token = await bound(world)
      const forHead = await proofFor(token, '/me', { claims: { htm: 'HEAD' } })
      expect((await sendProof(world, token, forHead, '/me', 'HEAD')).status).toBe(200)
      expect((await sendProof(world, token, await proofFor(token), '/me', 'HEAD')).status).toBe(401)
    })

    test('a forged Host does not change the expected URL', async () => {
      const token = await bound(world)
      const proof = await signProof(key, {
        method: 'GET',
        uri: 'https://evil.example/me',
        accessToken: token,
      })
      const fields = [
        ['Host', 'evil.example'],
        ['X-Forwarded-Proto', 'https'],
        ['authorization', `DPoP ${token}`],
        ['DPoP', proof],
      ] as const
      expect((await world.send('/me', { fields })).json()).toMatchObject({ code: 'CW_PROOF_INVALID' })
    })

    test('a used proof: 401', async () => {
      const token = await bound(world)
      const proof = await proofFor(token)
      expect((await sendProof(world, token, proof)).status).toBe(200)
      const response = await sendProof(world, token, proof)
      expect(response.json()).toMatchObject({
        status: 401,
        detail: 'Invalid authentication credentials',
        code: 'CW_PROOF_REPLAYED',
      })
      expect(response.headers['www-authenticate']).toBe(refused('The DPoP proof was used before'))
    })

    test.each<[string, (token: string) => Promise<string | undefined>]>([
      ['none', async () => undefined],
      ['malformed', async () => 'x'],
      ['for another method', (token) => proofFor(token, '/me', { claims: { htm: 'POST' } })],
      ['for another path', (token) => proofFor(token, '/admin')],
      ['for another token', () => proofFor('another')],
      ['two of them in one header', async (token) => `${await proofFor(token)}, ${await proofFor(token)}`],
      ['by another key', async (token) => signProof(await makeProofKey(), goodFor(token))],
      [
        'of an algorithm that is not listed',
        async (token) => signProof(await makeProofKey('ES384'), goodFor(token)),
      ],
    ])('an invalid proof (%s): 401', async (_name, make) => {
      const token = await bound(world)
      const response = await sendProof(world, token, await make(token))
      expect(response.json()).toMatchObject({ status: 401, code: 'CW_PROOF_INVALID' })
      expect(response.headers['www-authenticate']).toBe(refused('The DPoP proof is missing or invalid'))
      expect(world.logged()).toMatchObject([{ code: 'CW_PROOF_INVALID' }])
    })

    test('two proof headers: 401', async () => {
      const token = await bound(world)
      const proofs = [['DPoP', await proofFor(token)] as const, ['dpop', await proofFor(token)] as const]
      const fields = [['authorization', `DPoP ${token}`] as const, ...proofs]
      expect((await world.send('/me', { fields })).json()).toMatchObject({ code: 'CW_PROOF_INVALID' })
    })

    test('a bound token as a bearer token: 401', async () => {
      const token = await bound(world)
      const proof = ['DPoP', await proofFor(token)] as const
      const response = await world.sendToken('/me', token, { fields: [proof] })
      expect(response.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_BOUND' })
      expect(response.headers['www-authenticate']).toBe(
        both(
          ', error="invalid_token", error_description="The access token is bound to a key and cannot be used as a bearer token"',
        ),
      )
    })

    test('an unbound token with the scheme DPoP: 401; with Bearer it is admitted', async () => {
      const token = await world.sign()
      const response = await sendProof(world, token, await proofFor(token))
      expect(response.json()).toMatchObject({ status: 401, code: 'CW_PROOF_INVALID' })
      expect((await world.sendToken('/me', token)).status).toBe(200)
    })

    test('a request without a token gets a challenge with both schemes', async () => {
      expect((await world.send('/me')).headers['www-authenticate']).toBe(both(''))
      const { status, headers } = await world.sendToken('/bound')
      expect([status, headers['www-authenticate']]).toEqual([
        401,
        both(
          ', error="invalid_token", error_description="An access token that is bound to a key is required"',
        ),
      ])
    })
  })

  describe('DPoP with nonces', () => {
    const world = useDpop({ nonceKeys: [Buffer.alloc(32, 7)] })

    test('a proof without a nonce is refused with one, and the next proof is admitted', async () => {
      const token = await bound(world)
      const refused = await sendProof(world, token, await proofFor(token))
      expect(refused.json()).toMatchObject({ status: 401, code: 'CW_PROOF_NONCE' })
      expect(refused.headers['www-authenticate']).toBe(
        `DPoP realm="shop", error="use_dpop_nonce", error_description="The proof needs the nonce of the header DPoP-Nonce", ${algs}`,
      )
      const nonce = refused.headers['dpop-nonce']
      expect(nonce).toMatch(/^[\w-]{43}$/)
      const admitted = await sendProof(world, token, await proofFor(token, '/me', { claims: { nonce } }))
      expect([admitted.status, admitted.json()]).toEqual([200, { user: 'alice' }])
      expect(admitted.headers['dpop-nonce']).toMatch(/^[\w-]{43}$/)
    })

    test('responses to bearer tokens have no nonce', async () => {
      expect((await world.sendToken('/me')).headers['dpop-nonce']).toBeUndefined()
    })
  })

  describe('a certificate that a trusted proxy forwards', () => {
    const world = useWorld(driver, () => ({
      verifier: { mtls: { header: 'Client-Cert', trustedProxies: ['127.0.0.0/8'] } },
    }))
    const sendCertificate = async (der: Buffer | undefined): Promise<Received> => {
      const fields = der === undefined ? [] : [['client-cert', `:${der.toString('base64')}:`] as const]
      const token = await world.sign({ cnf: { 'x5t#S256': x5t } })
      return world.send('/me', { fields: [bearer(token), ...fields] })
    }

    test('the certificate of the token is admitted', async () => {
      const { status } = await sendCertificate(client.der)
      // Without a connection, there is no trusted proxy.
      expect(status).toBe(driver.knowsConnection ? 200 : 401)
    })

    test.each([
      ['another', another.der],
      ['none', undefined],
    ])('%s: 401', async (_name, der) => {
      const response = await sendCertificate(der)
      expect(response.json()).toMatchObject({ status: 401, code: 'CW_PROOF_CERTIFICATE' })
      expect(response.headers['www-authenticate']).toBe(
        'Bearer realm="shop", error="invalid_token", error_description="The access token is bound to another client certificate"',
      )
    })
  })

  describe('a certificate from a proxy that is not trusted', () => {
    const world = useWorld(driver, () => ({
      verifier: { mtls: { header: 'Client-Cert', trustedProxies: ['10.0.0.0/8'] } },
    }))

    test('is ignored', async () => {
      const token = await world.sign({ cnf: { 'x5t#S256': x5t } })
      const certificate = ['client-cert', `:${client.der.toString('base64')}:`] as const
      const response = await world.send('/me', { fields: [bearer(token), certificate] })
      expect(response.json()).toMatchObject({ status: 401, code: 'CW_PROOF_CERTIFICATE' })
    })
  })
}

const goodFor = (accessToken: string) => ({ method: 'GET', uri: `${publicUrl}/me`, accessToken })
