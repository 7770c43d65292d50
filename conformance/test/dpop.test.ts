import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, oauthError } from '../src/expect.ts'
import { appClient, codeOf, exchange, password } from '../src/grants.ts'
import { type Json, type Reply, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

// DPoP (RFC 9449). Keycloak sends no nonce.

const realm = await openRealm()
afterAll(() => realm.close())
const url = `${realm.oidc}/token`

const pair = await generateKeyPair('ES256', { extractable: true })
const other = await generateKeyPair('ES256', { extractable: true })
const jwk = await exportJWK(pair.publicKey)
const jkt = await calculateJwkThumbprint(jwk)
const bound = { jkt, 'kc-jkt-type': 'DPoP' }

beforeAll(async () => {
  const needsProof = { attributes: { 'dpop.bound.access.tokens': 'true' } }
  await realm.addClient({ clientId: 'bound', ...needsProof })
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'bound-spa', publicClient: true, ...needsProof })
  await realm.addUser('alice')
  const { client } = realm.admin
  const [app] = await client.clients.find({ clientId: 'app' })
  const id = app?.id ?? ''
  await client.clients.update(
    { id },
    { clientId: 'app', attributes: { 'standard.token.exchange.enabled': 'true' } },
  )
  await client.clients.addProtocolMapper(
    { id },
    {
      name: 'audience',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.client.audience': 'app', 'access.token.claim': 'true' },
    },
  )
})

const now = () => Math.floor(Date.now() / 1000)

interface Proof {
  /** A claim that is undefined is left out. */
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  readonly key?: typeof pair
}

async function proof({ claims, header, key = pair }: Proof = {}): Promise<string> {
  const payload = { jti: randomUUID(), htm: 'POST', htu: url, iat: now(), ...claims }
  const protectedHeader = { alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(key.publicKey), ...header }
  return new SignJWT(payload).setProtectedHeader(protectedHeader as JWTHeaderParameters).sign(key.privateKey)
}

const withProof = (dpop: string) => ({ headers: { dpop } })
const asPublic = (client_id: string) => ({ client_id, client_secret: '' })

function login(dpop?: string, client: Record<string, string> = {}): Promise<Reply> {
  const form = Object.entries(password('alice', { scope: 'openid', ...client })).filter(([, value]) => value)
  return realm.token(Object.fromEntries(form), dpop === undefined ? {} : withProof(dpop))
}

async function tokens(client: Record<string, string> = {}): Promise<Json> {
  const reply = await login(await proof(), client)
  expect(reply.status).toBe(200)
  return reply.json()
}

const invalid = (description: string) => oauthError(400, 'invalid_request', description)
const missing = invalid('DPoP proof is missing')

describe('at the token endpoint', () => {
  it('a proof binds the access token to its key', async () => {
    const reply = await tokens()
    expect(reply.token_type).toBe('DPoP')
    const { claims } = decode(reply.access_token)
    expect([claims['typ'], claims['cnf']]).toEqual(['DPoP', bound])
    const names = Object.keys(claims)
    expect(names.slice(names.indexOf('resource_access'), names.indexOf('scope') + 1)).toEqual([
      'resource_access',
      'cnf',
      'scope',
    ])
    // The client authenticates, so its refresh token needs no key.
    expect(decode(reply.refresh_token).claims).not.toHaveProperty('cnf')
    expect(decode(reply.id_token).claims).not.toHaveProperty('cnf')
  })

  it('also the refresh token of a public client', async () => {
    const reply = await tokens(asPublic('spa'))
    const { claims } = decode(reply.refresh_token)
    expect(claims['cnf']).toEqual(bound)
    expect(Object.keys(claims)).toEqual('exp iat jti iss aud sub typ azp sid cnf scope aud_x prov'.split(' '))
  })

  it.each([{ client_id: 'bound' }, asPublic('bound-spa')])(
    'a client that must prove a key gets no token without one: %j',
    async (client) => {
      expect(answerOf(await login(undefined, client))).toEqual(missing)
      // Before the password is checked.
      expect(answerOf(await login(undefined, { ...client, password: 'wrong' }))).toEqual(missing)
      expect((await login(await proof(), client)).json().token_type).toBe('DPoP')
    },
  )

  it('a service account too', async () => {
    const form = {
      grant_type: 'client_credentials',
      client_id: 'bound',
      client_secret: appClient.client_secret,
    }
    expect(answerOf(await realm.token(form))).toEqual(missing)
    const reply = (await realm.token(form, withProof(await proof()))).json()
    expect([reply.token_type, decode(reply.access_token).claims['cnf']]).toEqual(['DPoP', bound])
  })

  it('the client comes first', async () => {
    expect((await login(undefined, { client_id: 'bound', client_secret: 'wrong' })).status).toBe(401)
  })

  const wrongSignature =
    'DPoP verification failure: org.keycloak.exceptions.TokenSignatureInvalidException: Invalid token signature'
  const unsigned = (header: object) =>
    [
      { typ: 'dpop+jwt', jwk, ...header },
      { jti: randomUUID(), htm: 'POST', htu: url, iat: now() },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
  it.each<[string, () => Promise<string>, string]>([
    ['garbage', async () => 'garbage', 'DPoP header verification failure'],
    ['three parts of garbage', async () => 'a.b.c', 'DPoP header verification failure'],
    ['two', async () => `${await proof()}, ${await proof()}`, 'DPoP header verification failure'],
    ['no type', () => proof({ header: { typ: undefined } }), 'Invalid or missing type in DPoP header: null'],
    ['another type', () => proof({ header: { typ: 'JWT' } }), 'Invalid or missing type in DPoP header: JWT'],
    [
      'a type in capitals',
      () => proof({ header: { typ: 'DPoP+JWT' } }),
      'Invalid or missing type in DPoP header: DPoP+JWT',
    ],
    ['no key', () => proof({ header: { jwk: undefined } }), 'No JWK in DPoP header'],
    ['another key', async () => proof({ header: { jwk: await exportJWK(other.publicKey) } }), wrongSignature],
    [
      'a private key',
      async () => proof({ header: { jwk: await exportJWK(pair.privateKey) } }),
      'Private key material must not be present in DPoP JWK',
    ],
    [
      'a symmetric algorithm',
      async () => `${unsigned({ alg: 'HS256' })}.AAAA`,
      'Unsupported DPoP algorithm: HS256',
    ],
    [
      'an object as algorithm',
      async () => `${unsigned({ alg: { toString: 1 } })}.AAAA`,
      'DPoP header verification failure',
    ],
    ['no signature', async () => `${unsigned({ alg: 'none' })}.`, 'Unsupported DPoP algorithm: none'],
    ...['jti', 'htm', 'htu', 'iat'].map(
      (name) =>
        [
          `no ${name}`,
          () => proof({ claims: { [name]: undefined } }),
          'DPoP mandatory claims are missing',
        ] as [string, () => Promise<string>, string],
    ),
    ['an empty jti', () => proof({ claims: { jti: '' } }), 'DPoP mandatory claims are missing'],
    ['a string as iat', () => proof({ claims: { iat: 'now' } }), 'DPoP header verification failure'],
    ['another method', () => proof({ claims: { htm: 'GET' } }), 'DPoP HTTP method mismatch'],
    ['a method in small letters', () => proof({ claims: { htm: 'post' } }), 'DPoP HTTP method mismatch'],
    ['another path', () => proof({ claims: { htu: `${url}x` } }), 'DPoP HTTP URL mismatch'],
    ['a slash at the end', () => proof({ claims: { htu: `${url}/` } }), 'DPoP HTTP URL mismatch'],
    [
      'a path with dots',
      () => proof({ claims: { htu: url.replace('/token', '/x/../token') } }),
      'DPoP HTTP URL mismatch',
    ],
    ['another port', () => proof({ claims: { htu: url.replace(/:\d+/, ':1') } }), 'DPoP HTTP URL mismatch'],
    ['no URL', () => proof({ claims: { htu: 'x' } }), 'DPoP HTTP URL mismatch'],
    ['an old one', () => proof({ claims: { iat: now() - 30 } }), 'DPoP proof is not active'],
    ['one of the future', () => proof({ claims: { iat: now() + 20 } }), 'DPoP proof is not active'],
  ])('refuses %s', async (_, dpop, description) => {
    expect(answerOf(await login(await dpop()))).toEqual(invalid(description))
  })

  it.each<[string, Proof]>([
    ['a query in the URL', { claims: { htu: `${url}?a=b` } }],
    ['a fragment in the URL', { claims: { htu: `${url}#a` } }],
    ['a host in capitals', { claims: { htu: url.replace('http://localhost', 'HTTP://LOCALHOST') } }],
    ['a slow clock', { claims: { iat: now() - 15 } }],
    ['a fast clock', { claims: { iat: now() + 12 } }],
    ['an end that is over', { claims: { exp: now() - 60 } }],
    ['a nonce', { claims: { nonce: 'x' } }],
    ['the hash of a token', { claims: { ath: 'x' } }],
  ])('accepts %s', async (_, given) => {
    expect((await login(await proof(given))).json().token_type).toBe('DPoP')
  })

  it.each(['RS256', 'PS512', 'ES384', 'ES512', 'EdDSA'])('accepts %s', async (alg) => {
    const key = await generateKeyPair(alg, { extractable: true })
    expect((await login(await proof({ key, header: { alg } }))).json().token_type).toBe('DPoP')
  })

  it('takes an empty header for a missing one', async () => {
    expect(answerOf(await login('', { client_id: 'bound' }))).toEqual(missing)
  })

  it('accepts each proof once, whoever sends it', async () => {
    const used = await proof()
    expect((await login(used)).status).toBe(200)
    const replayed = invalid('DPoP proof has already been used')
    expect(answerOf(await login(used))).toEqual(replayed)
    expect(answerOf(await login(used, asPublic('spa')))).toEqual(replayed)
  })
})

describe('refresh tokens', () => {
  async function refresh(token: string, client: Record<string, string>, key?: typeof pair): Promise<Reply> {
    const all = { grant_type: 'refresh_token', refresh_token: token, ...appClient, ...client }
    const form = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
    return realm.token(form, key === undefined ? {} : withProof(await proof({ key })))
  }
  const keyOf = (reply: Reply) => decode(reply.json().access_token).claims['cnf']

  it('of a confidential client need no key: each refresh has its own', async () => {
    const { refresh_token } = await tokens()
    const plain = await refresh(refresh_token, {})
    expect([plain.json().token_type, keyOf(plain)]).toEqual(['Bearer', undefined])
    expect(keyOf(await refresh(refresh_token, {}, pair))).toEqual(bound)
    expect(keyOf(await refresh(refresh_token, {}, other))).not.toEqual(bound)
  })

  it('of a confidential client that must prove a key need any', async () => {
    const { refresh_token } = await tokens({ client_id: 'bound' })
    expect(answerOf(await refresh(refresh_token, { client_id: 'bound' }))).toEqual(missing)
    expect((await refresh(refresh_token, { client_id: 'bound' }, other)).status).toBe(200)
  })

  it('of a public client need their key', async () => {
    const { refresh_token } = await tokens(asPublic('spa'))
    const grant = (description: string) => oauthError(400, 'invalid_grant', description)
    expect(answerOf(await refresh(refresh_token, asPublic('spa')))).toEqual(grant('DPoP proof is missing'))
    expect(answerOf(await refresh(refresh_token, asPublic('spa'), other))).toEqual(
      grant("DPoP confirmation doesn't match DPoP proof"),
    )
    const reply = await refresh(refresh_token, asPublic('spa'), pair)
    expect(decode(reply.json().refresh_token).claims['cnf']).toEqual(bound)
  })

  it('of a public client need their key to log out, and none to be revoked', async () => {
    const { refresh_token } = await tokens(asPublic('spa'))
    const form = { refresh_token, client_id: 'spa' }
    expect(answerOf(await send(`${realm.oidc}/logout`, { form }))).toEqual(
      oauthError(400, 'invalid_grant', 'DPoP proof is missing'),
    )
    const revoked = await send(`${realm.oidc}/revoke`, { form: { token: refresh_token, client_id: 'spa' } })
    expect(revoked.status).toBe(200)
  })
})

describe('a client that must prove its key', () => {
  it.each(['token', 'id_token', 'code id_token', 'code token'])('may not use %s', async (response_type) => {
    const clientId = `bound ${response_type}`
    const attributes = { 'dpop.bound.access.tokens': 'true' }
    await realm.addClient({
      clientId,
      implicitFlowEnabled: true,
      redirectUris: ['http://localhost/cb'],
      attributes,
    })
    const query = new URLSearchParams({
      client_id: clientId,
      response_type,
      scope: 'openid',
      redirect_uri: 'http://localhost/cb',
      nonce: 'n',
    })
    const { hash } = (await realm.browser().open(`${realm.oidc}/auth?${query}`)).location()
    expect(Object.fromEntries(new URLSearchParams(hash.slice(1)))).toEqual({
      error: 'unauthorized_client',
      error_description:
        'DPoP is not supported for implicit nor hybrid flows. Client requires DPoP bound access tokens.',
      iss: realm.issuer,
    })
  })
})

describe('dpop_jkt of an authorization request', () => {
  const redeem = async (parameters: Record<string, string>, key?: typeof pair) => {
    const code = await codeOf(realm, 'alice', parameters)
    const form = { grant_type: 'authorization_code', code, redirect_uri: 'https://app.example/callback' }
    return realm.token({ ...form, ...appClient }, key === undefined ? {} : withProof(await proof({ key })))
  }

  it('binds the code to the key', async () => {
    expect(answerOf(await redeem({ dpop_jkt: jkt }))).toEqual(invalid('DPoP Proof missing'))
    const mismatch = invalid('DPoP Proof public key thumbprint does not match dpop_jkt')
    expect(answerOf(await redeem({ dpop_jkt: jkt }, other))).toEqual(mismatch)
    expect(answerOf(await redeem({ dpop_jkt: 'x' }, pair))).toEqual(mismatch)
    expect((await redeem({ dpop_jkt: jkt }, pair)).json().token_type).toBe('DPoP')
  })

  it('is not needed', async () => {
    expect((await redeem({}, pair)).json().token_type).toBe('DPoP')
    expect((await exchange(realm, await codeOf(realm, 'alice'))).json().token_type).toBe('Bearer')
  })
})

describe('a bound access token', () => {
  const userinfo = `${realm.oidc}/userinfo`
  const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url')
  const proofFor = (token: string, { claims, ...more }: Proof = {}) =>
    proof({ ...more, claims: { htm: 'GET', htu: userinfo, ath: hashOf(token), ...claims } })
  let token: string
  beforeAll(async () => {
    token = (await tokens()).access_token
  })

  it('needs the scheme DPoP and a proof for it', async () => {
    for (const scheme of ['DPoP', 'dpop']) {
      const headers = { authorization: `${scheme} ${token}`, dpop: await proofFor(token) }
      expect((await send(userinfo, { headers })).json().preferred_username).toBe('alice')
    }
    const post = { authorization: `DPoP ${token}`, dpop: await proofFor(token, { claims: { htm: 'POST' } }) }
    expect((await send(userinfo, { method: 'POST', headers: post })).status).toBe(200)
  })

  const failure = `realm="${realm.name}", error="invalid_token", error_description="Token verification failed"`
  const ofProof = `DPoP algs="PS384 RS384 EdDSA ES384 ES256 RS256 ES512 PS256 PS512 RS512", ${failure}`
  it.each<[string, (token: string) => Promise<string | undefined>]>([
    ['no proof', async () => undefined],
    ['a proof without the hash of the token', (text) => proofFor(text, { claims: { ath: undefined } })],
    ['a proof for another token', (text) => proofFor(text, { claims: { ath: hashOf('x') } })],
    ['a proof of another key', (text) => proofFor(text, { key: other })],
    ['a proof for another URL', (text) => proofFor(text, { claims: { htu: url } })],
    ['a proof for another method', (text) => proofFor(text, { claims: { htm: 'POST' } })],
  ])('is refused with %s', async (_, read) => {
    const dpop = await read(token)
    const headers = { authorization: `DPoP ${token}`, ...(dpop === undefined ? {} : { dpop }) }
    const reply = await send(userinfo, { headers })
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, ofProof])
  })

  it('is refused with a used proof', async () => {
    const headers = { authorization: `DPoP ${token}`, dpop: await proofFor(token) }
    expect((await send(userinfo, { headers })).status).toBe(200)
    expect((await send(userinfo, { headers })).status).toBe(401)
  })

  it('is refused as a bearer token, with or without a proof', async () => {
    for (const dpop of [undefined, await proofFor(token)]) {
      const headers = { authorization: `Bearer ${token}`, ...(dpop === undefined ? {} : { dpop }) }
      const reply = await send(userinfo, { headers })
      expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, `Bearer ${failure}`])
    }
  })

  it('that is not bound is refused with the scheme DPoP', async () => {
    const { access_token: plain } = (await login()).json()
    const headers = { authorization: `DPoP ${plain}`, dpop: await proofFor(plain) }
    const reply = await send(userinfo, { headers })
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, ofProof])
  })

  it('shows its key at introspection', async () => {
    const form = { ...appClient, token }
    expect((await send(`${realm.oidc}/token/introspect`, { form })).json()).toMatchObject({
      active: true,
      typ: 'DPoP',
      token_type: 'DPoP',
      cnf: bound,
    })
  })

  it('is exchanged with a proof of its key only', async () => {
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      ...appClient,
    }
    expect(answerOf(await realm.token(form))).toEqual(missing)
    expect(answerOf(await realm.token(form, withProof(await proof({ key: other }))))).toEqual(
      invalid("DPoP confirmation doesn't match DPoP proof"),
    )
    expect((await realm.token(form, withProof(await proof()))).json().token_type).toBe('DPoP')
  })

  it('of an administrator needs its proof at the Admin API', async () => {
    const { server, admin } = realm.target
    const master = `${server}/realms/master/protocol/openid-connect/token`
    const form = { grant_type: 'password', client_id: 'admin-cli', ...admin }
    const dpop = await proof({ claims: { htu: master } })
    const { access_token: own } = (await send(master, { form, headers: { dpop } })).json()
    const users = `${server}/admin/realms/${realm.name}/users`
    const read = (headers: Record<string, string>) => send(users, { headers })
    const good = await proof({ claims: { htm: 'GET', htu: users, ath: hashOf(own) } })
    expect((await read({ authorization: `DPoP ${own}`, dpop: good })).status).toBe(200)
    expect((await read({ authorization: `DPoP ${own}` })).status).toBe(401)
    expect((await read({ authorization: `Bearer ${own}` })).status).toBe(401)
  })
})
