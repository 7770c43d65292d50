import { createHash, createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asClient, granted, password, refresh, tokensOf } from '../src/grants.ts'
import { type Json, send } from '../src/http.ts'
import { openLogoutReceiver } from '../src/logout-receiver.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

// The algorithms that sign tokens, chosen per client and per realm, and the keys that a realm gets for them.

const realm = await openRealm()
afterAll(() => realm.close())

const accessAlgorithm = 'access.token.signed.response.alg'
const idAlgorithm = 'id.token.signed.response.alg'
const userInfoAlgorithm = 'user.info.response.signature.alg'
const asymmetric = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA'.split(' ')
const symmetric = ['HS256', 'HS384', 'HS512']
const algorithms = [...asymmetric, ...symmetric]

beforeAll(async () => {
  await realm.addUser('alice')
  for (const alg of algorithms) {
    await realm.addClient({
      clientId: alg,
      attributes: { [accessAlgorithm]: alg, [idAlgorithm]: alg, [userInfoAlgorithm]: alg },
    })
  }
})

const tokensBy = (alg: string) => tokensOf(realm, 'alice', asClient(alg))
const keySet = async (): Promise<Json[]> => (await send(`${realm.oidc}/certs`)).json().keys
const userInfo = (bearer: string) => send(`${realm.oidc}/userinfo`, { bearer })

function isSigned(token: string, key: Json): boolean {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  const publicKey = createPublicKey({ key, format: 'jwk' })
  const alg = key.alg as string
  const digest = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  const options = alg.startsWith('PS')
    ? { padding: 6, saltLength: -1 }
    : alg.startsWith('ES')
      ? { dsaEncoding: 'ieee-p1363' as const }
      : {}
  return verify(digest, Buffer.from(token.slice(0, end)), { key: publicKey, ...options }, signature)
}

describe('the algorithm of a client', () => {
  it.each(asymmetric)('%s signs access and ID token with a key of the JWKS', async (alg) => {
    const tokens = await tokensBy(alg)
    const { header } = decode(tokens.access_token)
    expect(header).toEqual({ alg, typ: 'JWT', kid: expect.any(String) })
    expect(decode(tokens.id_token).header).toEqual(header)
    const key = (await keySet()).find(({ kid }) => kid === header.kid)
    expect(isSigned(tokens.access_token, key)).toBe(true)
    expect(isSigned(tokens.id_token, key)).toBe(true)
  })

  it.each(symmetric)('%s signs with a secret that is not in the JWKS', async (alg) => {
    const tokens = await tokensBy(alg)
    const { header } = decode(tokens.access_token)
    expect(header.alg).toBe(alg)
    expect((await keySet()).some(({ kid }) => kid === header.kid)).toBe(false)
  })

  it.each(algorithms)('%s: the hash of at_hash fits the algorithm of the ID token', async (alg) => {
    const tokens = await tokensBy(alg)
    const bits = alg === 'EdDSA' ? '512' : alg.slice(2)
    const hash = createHash(`sha${bits}`).update(tokens.access_token).digest()
    expect(decode(tokens.id_token).claims.at_hash).toBe(
      hash.subarray(0, hash.length / 2).toString('base64url'),
    )
  })

  it.each(algorithms)('%s is verified at userinfo, introspection and refresh', async (alg) => {
    const tokens = await tokensBy(alg)
    expect((await userInfo(tokens.access_token)).status).toBe(200)
    const form = { token: tokens.id_token, ...asClient(alg) }
    expect((await send(`${realm.oidc}/token/introspect`, { form })).json().active).toBe(true)
    const again = granted(await refresh(realm, tokens.refresh_token, asClient(alg)))
    expect(decode(again.access_token).header.alg).toBe(alg)
    expect(decode(again.refresh_token).header.alg).toBe('HS512')
  })

  it.each(algorithms)('%s signs userinfo, with issuer and audience', async (alg) => {
    const reply = await userInfo((await tokensBy(alg)).access_token)
    expect(reply.headers.get('content-type')).toBe('application/jwt')
    expect(reply.headers.get('cache-control')).toBe('no-store, no-cache')
    const { header, claims } = decode(reply.text)
    expect(header).toEqual({ alg, typ: 'JWT', kid: expect.any(String) })
    expect(claims).toMatchObject({ iss: realm.issuer, aud: alg, preferred_username: 'alice' })
    expect(Object.keys(claims)).toEqual([
      'sub',
      'aud',
      'email_verified',
      'name',
      'iss',
      'preferred_username',
      'given_name',
      'family_name',
      'email',
    ])
  })

  it.each(['none', 'any', 'XX'])('%s is no algorithm: no token', async (alg) => {
    await realm.addClient({ clientId: `no-${alg}`, attributes: { [accessAlgorithm]: alg } })
    const reply = await realm.token(password('alice', asClient(`no-${alg}`)))
    expect([reply.status, reply.json().error]).toEqual([500, 'unknown_error'])
  })

  it('an empty one is the default of the realm', async () => {
    await realm.addClient({ clientId: 'empty', attributes: { [accessAlgorithm]: '', [idAlgorithm]: '' } })
    const tokens = await tokensOf(realm, 'alice', asClient('empty'))
    expect(decode(tokens.access_token).header.alg).toBe('RS256')
  })

  it('the header of an access token has the type at+jwt if the client wants it', async () => {
    await realm.addClient({ clientId: 'rfc9068', attributes: { 'access.token.header.type.rfc9068': 'true' } })
    const tokens = await tokensOf(realm, 'alice', asClient('rfc9068'))
    expect(decode(tokens.access_token).header.typ).toBe('at+jwt')
    expect(decode(tokens.access_token).claims.typ).toBe('Bearer')
    expect(decode(tokens.id_token).header.typ).toBe('JWT')
    expect((await userInfo(tokens.access_token)).status).toBe(200)
  })
})

describe('logout tokens', () => {
  it.each([
    ['like ID tokens', { [idAlgorithm]: 'ES256' }, 'ES256'],
    ['unlike access tokens', { [accessAlgorithm]: 'ES256' }, 'RS256'],
  ])('are signed %s', async (clientId, attributes, alg) => {
    const receiver = await openLogoutReceiver()
    const url = { 'backchannel.logout.url': receiver.url }
    await realm.addClient({ clientId, attributes: { ...attributes, ...url } })
    const { refresh_token } = await tokensOf(realm, 'alice', asClient(clientId))
    await send(`${realm.oidc}/logout`, { form: { refresh_token, ...asClient(clientId) } })
    const tokens = receiver.take().map(({ token }) => decode(token).header)
    expect(tokens).toEqual([{ alg, typ: 'logout+jwt', kid: expect.any(String) }])
    receiver.close()
  })
})

describe('keys for an algorithm', () => {
  it('a realm gets a provider when a token needs one', async () => {
    await Promise.all(algorithms.map(tokensBy))
    const components = (await realm.api('/components?type=org.keycloak.keys.KeyProvider')).json()
    const fallback = (alg: string) => components.find(({ name }: Json) => name === `fallback-${alg}`)
    expect(fallback('ES384')).toMatchObject({
      providerId: 'ecdsa-generated',
      config: { ecdsaEllipticCurveKey: ['P-384'], priority: ['-100'] },
    })
    expect(fallback('PS512')).toMatchObject({
      providerId: 'rsa-generated',
      config: { priority: ['-100'], algorithm: ['PS512'] },
    })
    expect(fallback('EdDSA')).toMatchObject({
      providerId: 'eddsa-generated',
      config: { eddsaEllipticCurveKey: ['Ed25519'], priority: ['-100'] },
    })
    expect(fallback('HS256')).toMatchObject({
      providerId: 'hmac-generated',
      config: { priority: ['-100'], algorithm: ['HS256'] },
    })
    expect([fallback('RS256'), fallback('HS512')]).toEqual([undefined, undefined])
  })

  it.each([
    ['RS384', ['kid', 'kty', 'alg', 'use', 'x5c', 'x5t', 'x5t#S256', 'n', 'e']],
    ['ES256', ['kid', 'kty', 'alg', 'use', 'crv', 'x', 'y']],
    ['EdDSA', ['kid', 'kty', 'alg', 'use', 'crv', 'x']],
  ])('%s: the members of its key in the JWKS', async (alg, members) => {
    const { kid } = decode((await tokensBy(alg)).access_token).header
    const key = (await keySet()).find((each) => each.kid === kid)
    expect(Object.keys(key)).toEqual(members)
  })

  it('/keys lists them by priority, with the active one of each algorithm', async () => {
    const { kid } = decode((await tokensBy('ES256')).access_token).header
    const { active, keys } = (await realm.api('/keys')).json()
    expect(active.ES256).toBe(kid)
    expect(keys.find((key: Json) => key.kid === kid)).toEqual({
      providerId: expect.any(String),
      providerPriority: -100,
      kid,
      status: 'ACTIVE',
      type: 'EC',
      algorithm: 'ES256',
      publicKey: expect.stringMatching(/^MFkw/),
      use: 'SIG',
    })
  })
})

describe('the default algorithm of a realm', () => {
  it.each(['ES256', 'HS256', 'EdDSA'])('%s signs the tokens of a client without one', async (alg) => {
    await realm.admin.client.realms.update({ realm: realm.name }, { defaultSignatureAlgorithm: alg })
    const tokens = await tokensOf(realm, 'alice')
    expect(decode(tokens.access_token).header.alg).toBe(alg)
    expect(decode(tokens.id_token).header.alg).toBe(alg)
    expect(decode(tokens.refresh_token).header.alg).toBe('HS512')
  })
})

describe('attacks on the algorithm', () => {
  const forge = (header: Json, claims: Json, sign: (data: string) => string) => {
    const part = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const data = `${part(header)}.${part(claims)}`
    return `${data}.${sign(data)}`
  }

  it('a token without a signature, or with alg none, is refused', async () => {
    const { access_token } = await tokensBy('RS256')
    const { header, claims } = decode(access_token)
    for (const alg of ['none', 'None', 'RS256']) {
      const token = forge({ ...header, alg }, claims, () => '')
      expect((await userInfo(token)).status).toBe(401)
    }
  })

  it('a public key is no HMAC secret', async () => {
    const { createHmac } = await import('node:crypto')
    const { access_token } = await tokensBy('RS256')
    const { header, claims } = decode(access_token)
    const key = (await keySet()).find(({ kid }) => kid === header.kid)
    const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    for (const secret of [pem.toString(), JSON.stringify(key), key.n as string]) {
      const token = forge({ ...header, alg: 'HS256' }, claims, (data) =>
        createHmac('sha256', secret).update(data).digest('base64url'),
      )
      expect((await userInfo(token)).status).toBe(401)
    }
  })

  it('a key verifies only its own algorithm', async () => {
    const { access_token } = await tokensBy('RS256')
    const { header, claims } = decode(access_token)
    for (const alg of ['PS256', 'RS384', 'ES256', 'HS512', 'EdDSA']) {
      const signature = access_token.split('.')[2] as string
      expect((await userInfo(forge({ ...header, alg }, claims, () => signature))).status).toBe(401)
    }
  })

  it('a refresh or ID token signed with the same secret is no access token', async () => {
    const tokens = await tokensBy('HS512')
    expect((await userInfo(tokens.refresh_token)).status).toBe(401)
    expect((await userInfo(tokens.id_token)).status).toBe(401)
    expect((await refresh(realm, tokens.access_token, asClient('HS512'))).status).toBe(400)
    expect((await refresh(realm, tokens.id_token, asClient('HS512'))).status).toBe(400)
  })
})
