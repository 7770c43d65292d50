import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, oauthError } from '../src/expect.ts'
import { send } from '../src/http.ts'
import { appSecret, openRealm, type TestRealm } from '../src/realm.ts'

let realm: TestRealm
let clientUuid: string
const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed = generateKeyPairSync('ed25519').privateKey

const publicJwk = async (key: KeyObject, more: JWK): Promise<JWK> => ({
  ...(await exportJWK(createPublicKey(createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }))))),
  use: 'sig',
  ...more,
})

beforeAll(async () => {
  realm = await openRealm()
  const keys = await Promise.all([
    publicJwk(rsa, { kid: 'rsa' }),
    publicJwk(ec, { kid: 'ec', alg: 'ES256' }),
    publicJwk(ed, { kid: 'ed', alg: 'EdDSA' }),
  ])
  clientUuid = await realm.addClient({
    clientId: 'signing',
    clientAuthenticatorType: 'client-jwt',
    attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys }) },
  })
  await realm.addClient({ clientId: 'keyless', clientAuthenticatorType: 'client-jwt' })
})
afterAll(() => realm.close())

interface Made {
  readonly key?: KeyObject
  readonly header?: Record<string, unknown>
  /** `undefined` leaves a claim out; numbers of times are seconds from now. */
  readonly claims?: Record<string, unknown>
  /** More parameters of the form. */
  readonly form?: Record<string, string>
}

let used = 0
async function assertion({ key = rsa, header, claims }: Made = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const times = { iat: 0, exp: 60, ...claims }
  const payload = {
    iss: 'signing',
    sub: 'signing',
    aud: realm.issuer,
    jti: `${realm.name}-${(used += 1)}`,
    ...times,
    ...Object.fromEntries(
      ['iat', 'exp', 'nbf']
        .map((name) => [name, (times as Record<string, unknown>)[name]] as const)
        .map(([name, time]) => [name, typeof time === 'number' ? now + time : undefined]),
    ),
  }
  const given = JSON.parse(JSON.stringify(payload)) as Record<string, unknown>
  const head = JSON.parse(JSON.stringify({ alg: 'RS256', kid: 'rsa', ...header })) as { alg: string }
  return new SignJWT(given).setProtectedHeader(head).sign(key)
}

const tokenBy = async (made: Made = {}) =>
  realm.token({
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: await assertion(made),
    ...made.form,
  })

const refused = (description: string) => oauthError(400, 'invalid_client', description)
const unknown = oauthError(401, 'invalid_client', 'Invalid client or Invalid client credentials')
const badSignature = refused(
  'Client authentication with signed JWT failed: Signature on JWT token failed validation',
)

describe('an assertion is accepted', () => {
  it.each<[string, Made | (() => Made)]>([
    ['for the issuer', {}],
    ['for the token endpoint', () => ({ claims: { aud: `${realm.oidc}/token` } })],
    ['for the introspection endpoint', () => ({ claims: { aud: `${realm.oidc}/token/introspect` } })],
    ['for an audience list with one entry', () => ({ claims: { aud: [realm.issuer] } })],
    ['with PS256 by an RSA key', { header: { alg: 'PS256' } }],
    ['with ES256', { key: ec, header: { alg: 'ES256', kid: 'ec' } }],
    ['with EdDSA', { key: ed, header: { alg: 'EdDSA', kid: 'ed' } }],
    ['without a key id', { header: { kid: undefined } }],
    ['without a key id, signed by the second key', { key: ec, header: { alg: 'ES256', kid: undefined } }],
    ['with typ client-authentication+jwt', { header: { typ: 'client-authentication+jwt' } }],
    ['without iat', { claims: { iat: undefined } }],
    ['with a long lifetime and iat', { claims: { exp: 3600 } }],
    ['issued 10 s ahead of the clock', { claims: { iat: 10, exp: 70 } }],
    ['with client_id in the form', { form: { client_id: 'signing' } }],
  ])('%s', async (_, made) => {
    expect((await tokenBy(typeof made === 'function' ? made() : made)).status).toBe(200)
  })
})

describe('an assertion is rejected', () => {
  it.each<[string, Made | (() => Made), Record<string, unknown>]>([
    ['for another server', { claims: { aud: 'https://other.example' } }, refused('Invalid token audience')],
    ['without an audience', { claims: { aud: undefined } }, refused('Invalid token audience')],
    [
      'for the issuer with a trailing slash',
      () => ({ claims: { aud: `${realm.issuer}/` } }),
      refused('Invalid token audience'),
    ],
    [
      'for two audiences',
      () => ({ claims: { aud: [realm.issuer, `${realm.oidc}/token`] } }),
      refused('Multiple audiences not allowed'),
    ],
    ['without jti', { claims: { jti: undefined } }, refused('Token jti claim is required')],
    ['without exp', { claims: { exp: undefined } }, refused('Token exp claim is required')],
    ['that has expired', { claims: { exp: -5, iat: -65 } }, refused('Token is not active')],
    ['that is not valid yet', { claims: { nbf: 100 } }, refused('Token is not active')],
    ['issued in the future', { claims: { iat: 100, exp: 160 } }, refused('Token was issued in the future')],
    [
      'issued long ago',
      { claims: { iat: -100 } },
      refused('Token was issued too far in the past to be used now'),
    ],
    [
      'with a long lifetime, without iat',
      { claims: { exp: 3600, iat: undefined } },
      refused('Token expiration is too far in the future and iat claim not present in token'),
    ],
    ['signed by another key', { key: otherRsa }, badSignature],
    ['with an unknown key id', { header: { kid: 'nope' } }, refused('Unable to load public key')],
    [
      'of a client without keys',
      { claims: { iss: 'keyless', sub: 'keyless' } },
      refused('Unable to load public key'),
    ],
    ['whose issuer is another client', { claims: { iss: 'app' } }, unknown],
    ['without a subject', { claims: { sub: undefined } }, unknown],
    ['of an unknown client', { claims: { iss: 'x', sub: 'x' } }, unknown],
    ['of a client that has a secret', { claims: { iss: 'app', sub: 'app' } }, unknown],
    [
      'with another client_id in the form',
      { form: { client_id: 'app' } },
      oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials'),
    ],
    ['with another client_assertion_type', { form: { client_assertion_type: 'x' } }, unknown],
  ])('%s', async (_, made, expected) => {
    expect(answerOf(await tokenBy(typeof made === 'function' ? made() : made))).toEqual(expected)
  })

  it('when it is used twice', async () => {
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: assertionType,
      client_assertion: await assertion(),
    }
    expect((await realm.token(form)).status).toBe(200)
    expect(answerOf(await realm.token(form))).toEqual(refused('Token reuse detected'))
  })

  it.each(['HS256', 'none'])('with %s', async (alg) => {
    const [, claims] = (await assertion()).split('.')
    const header = Buffer.from(JSON.stringify({ alg, kid: 'rsa' })).toString('base64url')
    const signature = alg === 'none' ? '' : 'c2lnbmF0dXJl'
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: assertionType,
      client_assertion: `${header}.${claims}.${signature}`,
    }
    expect(answerOf(await realm.token(form))).toEqual(refused('Invalid signature algorithm'))
  })

  it.each(['a.b.c', 'abc', ''])('when it is malformed: %j', async (client_assertion) => {
    const form = { grant_type: 'client_credentials', client_assertion_type: assertionType, client_assertion }
    expect(answerOf(await realm.token(form))).toEqual(unknown)
  })

  it('with an algorithm other than the client’s', async () => {
    const id = await realm.addClient({
      clientId: 'pinned',
      clientAuthenticatorType: 'client-jwt',
      attributes: {
        'use.jwks.string': 'true',
        'jwks.string': JSON.stringify({ keys: [await publicJwk(rsa, { kid: 'rsa' })] }),
        'token.endpoint.auth.signing.alg': 'PS256',
      },
    })
    const claims = { iss: 'pinned', sub: 'pinned' }
    expect(id).toBeTruthy()
    expect(answerOf(await tokenBy({ claims }))).toEqual(refused('Invalid signature algorithm'))
    expect((await tokenBy({ claims, header: { alg: 'PS256' } })).status).toBe(200)
  })
})

describe('a client with keys', () => {
  it('cannot authenticate with its secret', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'signing', client_secret: appSecret }
    expect(answerOf(await realm.token(form))).toEqual(refused('Parameter client_assertion_type is missing'))
  })

  it('gets an error that names the missing parameter', async () => {
    const form = {
      grant_type: 'client_credentials',
      client_id: 'signing',
      client_assertion_type: assertionType,
    }
    expect(answerOf(await realm.token(form))).toEqual(refused('client_assertion parameter missing'))
  })

  it('authenticates in the same way at introspection and for a code', async () => {
    const client = async () => ({ client_assertion_type: assertionType, client_assertion: await assertion() })
    const introspected = await send(`${realm.oidc}/token/introspect`, {
      form: { token: 'x', ...(await client()) },
    })
    expect(introspected.json()).toEqual({ active: false })
    const code = { grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://app.example/' }
    expect(answerOf(await realm.token({ ...code, ...(await client()) }))).toEqual(
      oauthError(400, 'invalid_grant', 'Code not valid'),
    )
  })

  it('can use only the new keys after a replacement', async () => {
    const keys = [await publicJwk(otherRsa, { kid: 'next', alg: 'RS256' })]
    await realm.api(`/clients/${clientUuid}`, {
      method: 'PUT',
      json: { clientId: 'signing', attributes: { 'jwks.string': JSON.stringify({ keys }) } },
    })
    expect(answerOf(await tokenBy())).toEqual(refused('Unable to load public key'))
    expect((await tokenBy({ key: otherRsa, header: { kid: 'next' } })).status).toBe(200)
  })

  it('can publish its keys at a URL, which is cached', async () => {
    let asked = 0
    const body = JSON.stringify({ keys: [await publicJwk(ec, { kid: 'published', alg: 'ES256' })] })
    const server = createServer((_request, response) => {
      asked += 1
      response.setHeader('content-type', 'application/json').end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    await realm.addClient({
      clientId: 'publishing',
      clientAuthenticatorType: 'client-jwt',
      attributes: { 'use.jwks.url': 'true', 'jwks.url': url },
    })
    const made = {
      key: ec,
      header: { alg: 'ES256', kid: 'published' },
      claims: { iss: 'publishing', sub: 'publishing' },
    }
    expect((await tokenBy(made)).status).toBe(200)
    expect((await tokenBy(made)).status).toBe(200)
    expect(asked).toBe(1)
    server.close()
    server.closeAllConnections()
  })
})
