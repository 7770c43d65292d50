import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json } from '../src/expect.ts'
import { appClient, refresh, tokensOf } from '../src/grants.ts'
import { type Json, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

// The key providers of a realm: as components of the Admin API, in a realm file, and when keys are rotated.

const providerType = 'org.keycloak.keys.KeyProvider'
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const pem = rsaKey.export({ type: 'pkcs8', format: 'pem' }).toString()
/** As in exports of Keycloak. */
const pkcs1 = rsaKey.export({ type: 'pkcs1', format: 'der' }).toString('base64')
const curveKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const der = (key: 'privateKey' | 'publicKey') =>
  curveKey[key]
    .export({ type: key === 'privateKey' ? 'pkcs8' : 'spki', format: 'der' } as never)
    .toString('base64')

const realm = await openRealm()
afterAll(() => realm.close())
beforeAll(() => realm.addUser('alice'))

const post = (providerId: string, config: Record<string, string[]> = {}) =>
  realm.api('/components', { json: { name: providerId, providerId, providerType, config } })
const add = async (providerId: string, config: Record<string, string[]> = {}) =>
  (await post(providerId, config)).location().pathname.split('/').at(-1) as string
const read = async (id: string): Promise<Json> => (await realm.api(`/components/${id}`)).json()
const configure = async (id: string, config: Record<string, string[]>) => {
  const component = await read(id)
  return realm.api(`/components/${id}`, {
    method: 'PUT',
    json: { ...component, config: { ...component.config, ...config } },
  })
}
const keysOf = async (id: string): Promise<Json[]> =>
  (await realm.api('/keys')).json().keys.filter((key: Json) => key.providerId === id)
const isPublished = async (kid: string) =>
  (await send(`${realm.oidc}/certs`)).json().keys.some((key: Json) => key.kid === kid)

describe('components', () => {
  it.each([
    ['rsa-generated', {}, 'RSA', 'RS256', 'SIG'],
    ['rsa-generated', { algorithm: ['PS256'] }, 'RSA', 'PS256', 'SIG'],
    ['rsa-enc-generated', {}, 'RSA', 'RSA-OAEP', 'ENC'],
    ['rsa-enc-generated', { algorithm: ['RSA-OAEP-256'] }, 'RSA', 'RSA-OAEP-256', 'ENC'],
    ['ecdsa-generated', {}, 'EC', 'ES256', 'SIG'],
    ['ecdsa-generated', { ecdsaEllipticCurveKey: ['P-521'] }, 'EC', 'ES512', 'SIG'],
    ['ecdh-generated', { ecdhAlgorithm: ['ECDH-ES+A128KW'] }, 'EC', 'ECDH-ES+A128KW', 'ENC'],
    ['eddsa-generated', {}, 'OKP', 'EdDSA', 'SIG'],
    ['eddsa-generated', { eddsaEllipticCurveKey: ['Ed448'] }, 'OKP', 'EdDSA', 'SIG'],
    ['hmac-generated', {}, 'OCT', 'HS256', 'SIG'],
    ['hmac-generated', { algorithm: ['HS384'] }, 'OCT', 'HS384', 'SIG'],
    ['aes-generated', {}, 'OCT', 'AES', 'ENC'],
    ['rsa', { privateKey: [pem] }, 'RSA', 'RS256', 'SIG'],
    ['rsa', { privateKey: [pkcs1] }, 'RSA', 'RS256', 'SIG'],
    ['rsa-enc', { privateKey: [pem] }, 'RSA', 'RSA-OAEP', 'ENC'],
  ])('%s %j gives a key', async (providerId, config, type, algorithm, use) => {
    const id = await add(providerId, { ...config, priority: ['-500'] } as Record<string, string[]>)
    const keys = await keysOf(id)
    expect(keys).toMatchObject([{ providerPriority: -500, status: 'ACTIVE', type, algorithm, use }])
    expect((await realm.api(`/components/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await keysOf(id)).toEqual([])
  })

  it.each([
    ['rsa-generated', { priority: ['x'] }, "'Priority' should be a number"],
    ['rsa-generated', { enabled: ['maybe'] }, "'Enabled' should be 'true' or 'false'"],
    ['aes-generated', { active: ['maybe'] }, "'Active' should be 'true' or 'false'"],
    ['rsa-generated', { keySize: ['512'] }, "'Key size' should be 1024, 2048, 3072 or 4096"],
    [
      'ecdsa-generated',
      { ecdsaEllipticCurveKey: ['P-1'] },
      "'Elliptic Curve' should be P-256, P-384 or P-521",
    ],
    ['ecdh-generated', { ecdhEllipticCurveKey: ['P-1'] }, "'Elliptic Curve' should be P-256, P-384 or P-521"],
    ['eddsa-generated', { eddsaEllipticCurveKey: ['X25519'] }, "'Elliptic Curve' should be Ed25519 or Ed448"],
    ['hmac-generated', { secretSize: ['17'] }, "'Secret size' should be 16, 24, 32, 64, 128, 256 or 512"],
    ['rsa', {}, "'Private RSA Key' is required"],
    ['rsa', { privateKey: ['garbage'] }, 'Failed to decode private key'],
    ['rsa', { privateKey: [der('privateKey')] }, 'Failed to decode private key'],
    ['rsa', { privateKey: [pem], certificate: ['garbage'] }, 'Failed to decode certificate'],
  ])('%s %j is refused', async (providerId, config, errorMessage) => {
    const reply = await post(providerId, config as Record<string, string[]>)
    expect(answerOf(reply)).toEqual(json(400, { errorMessage }))
  })

  it('an unknown provider, or another type, is refused', async () => {
    const error = json(400, { error: 'Invalid provider type or no such provider' })
    expect(answerOf(await post('no-such-provider'))).toEqual(error)
    const body = { name: 'x', providerId: 'rsa-generated', providerType: 'no-such-type' }
    expect(answerOf(await realm.api('/components', { json: body }))).toEqual(error)
  })

  it('a removed one is 404', async () => {
    const reply = await realm.api('/components/no-such-component')
    expect(answerOf(reply)).toEqual(json(404, { error: 'Could not find component' }))
  })

  it('the private key is masked, and the mask keeps it', async () => {
    const id = await add('rsa', { privateKey: [pem], priority: ['-500'] })
    const component = await read(id)
    expect(component.config).toEqual({
      privateKey: ['**********'],
      certificate: [expect.stringMatching(/^MII/)],
      priority: ['-500'],
    })
    const [before] = await keysOf(id)
    expect((await configure(id, { priority: ['-501'] })).status).toBe(204)
    expect(await keysOf(id)).toEqual([{ ...before, providerPriority: -501 }])
    await realm.api(`/components/${id}`, { method: 'DELETE' })
  })
})

describe('rotation', () => {
  it('a new key signs, the old one verifies until it is disabled', async () => {
    const components = (await realm.api(`/components?type=${providerType}`)).json()
    const old = components.find(({ name }: Json) => name === 'rsa-generated').id
    const tokens = await tokensOf(realm, 'alice')
    const { kid } = decode(tokens.access_token).header
    const userInfo = async () =>
      (await send(`${realm.oidc}/userinfo`, { bearer: tokens.access_token })).status
    const id = await add('rsa-generated', { priority: ['900'] })
    const [added] = await keysOf(id)

    expect(decode((await tokensOf(realm, 'alice')).access_token).header.kid).toBe(added?.kid)
    expect([await isPublished(kid), await userInfo()]).toEqual([true, 200])

    await configure(old, { active: ['false'] })
    expect(await keysOf(old)).toMatchObject([{ status: 'PASSIVE', kid }])
    expect([await isPublished(kid), await userInfo()]).toEqual([true, 200])

    await configure(old, { enabled: ['false'] })
    expect(await keysOf(old)).toMatchObject([{ status: 'DISABLED', kid }])
    expect([await isPublished(kid), await userInfo()]).toEqual([false, 401])
    expect((await refresh(realm, tokens.refresh_token)).status).toBe(200)

    await configure(old, { enabled: ['true'], active: ['true'] })
    expect([await isPublished(kid), await userInfo()]).toEqual([true, 200])
    await realm.api(`/components/${id}`, { method: 'DELETE' })
    expect(decode((await tokensOf(realm, 'alice')).access_token).header.kid).toBe(kid)
  })

  it('another key size makes a new key', async () => {
    const id = await add('rsa-generated', { priority: ['-500'] })
    const [before] = await keysOf(id)
    await configure(id, { keySize: ['1024'] })
    const [after] = await keysOf(id)
    expect(after?.kid).not.toBe(before?.kid)
    await realm.api(`/components/${id}`, { method: 'DELETE' })
  })

  it('without the secret that signed it a refresh token is invalid', async () => {
    const tokens = await tokensOf(realm, 'alice')
    const components = (await realm.api('/components?name=hmac-generated-hs512')).json()
    await realm.api(`/components/${components[0].id}`, { method: 'DELETE' })
    const reply = await refresh(realm, tokens.refresh_token)
    const error = { error: 'invalid_grant', error_description: 'Invalid refresh token' }
    expect(answerOf(reply)).toEqual(json(400, error))
    const { refresh_token } = await tokensOf(realm, 'alice', appClient)
    expect((await refresh(realm, refresh_token)).status).toBe(200)
  })
})

describe('a realm file', () => {
  const provider = (providerId: string, config: Record<string, string[]>) => ({
    name: providerId,
    providerId,
    subComponents: {},
    config,
  })

  it('keeps the keys of its providers', async () => {
    const imported = await openRealm({
      components: {
        [providerType]: [
          provider('rsa', { priority: ['500'], privateKey: [pem] }),
          provider('hmac-generated', {
            kid: ['hmac-key'],
            secret: ['AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'],
            priority: ['100'],
            algorithm: ['HS512'],
          }),
          provider('ecdsa-generated', {
            ecdsaPrivateKey: [der('privateKey')],
            ecdsaPublicKey: [der('publicKey')],
            ecdsaEllipticCurveKey: ['P-256'],
            priority: ['1'],
          }),
        ],
      },
    } as never)
    const { n } = createPublicKey(pem).export({ format: 'jwk' })
    const { x } = curveKey.publicKey.export({ format: 'jwk' })
    const keys = (await send(`${imported.oidc}/certs`)).json().keys
    expect(keys.map((key: Json) => [key.alg, key.n ?? key.x])).toEqual([
      ['RS256', n],
      ['ES256', x],
    ])
    await imported.addUser('alice')
    const tokens = await tokensOf(imported, 'alice')
    expect(decode(tokens.access_token).header.kid).toBe(keys[0].kid)
    expect(decode(tokens.refresh_token).header.kid).toBe('hmac-key')
    await imported.close()
  })

  it('with one key pair of the realm has it for signatures and encryption', async () => {
    const imported = await openRealm({ privateKey: pem } as never)
    const { n } = createPublicKey(pem).export({ format: 'jwk' })
    const keys = (await send(`${imported.oidc}/certs`)).json().keys
    expect(keys.map((key: Json) => [key.alg, key.n]).toSorted()).toEqual([
      ['RS256', n],
      ['RSA-OAEP', n],
    ])
    const components = (await imported.api(`/components?type=${providerType}`)).json()
    expect(components.map((each: Json) => each.name).toSorted()).toEqual([
      'aes-generated',
      'hmac-generated-hs512',
      'rsa',
      'rsa-enc',
    ])
    await imported.close()
  })

  it('without key providers gets those of a new realm', async () => {
    const imported = await openRealm({ components: { [providerType]: [] } } as never)
    const components = (await imported.api(`/components?type=${providerType}`)).json()
    expect(components.map((each: Json) => [each.name, each.config]).toSorted()).toEqual([
      ['aes-generated', { priority: ['100'] }],
      ['hmac-generated-hs512', { priority: ['100'], algorithm: ['HS512'] }],
      ['rsa-enc-generated', { priority: ['100'], algorithm: ['RSA-OAEP'] }],
      ['rsa-generated', { priority: ['100'] }],
    ])
    await imported.close()
  })
})
