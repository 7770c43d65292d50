import { type CryptoKey, compactDecrypt, exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asClient, granted, password, refresh, tokensOf } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

// ID tokens and userinfo responses that are encrypted with the client's key.

const realm = await openRealm()
afterAll(() => realm.close())

const idToken = 'id.token.encrypted.response'
const userInfo = 'user.info.encrypted.response'
const jwks = (...keys: JWK[]) => ({ 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys }) })

/** A client with a new key for the algorithm. Returns the private key. */
async function addClient(
  clientId: string,
  alg: string,
  attributes: Record<string, string>,
  change: JWK = {} as JWK,
) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const key = { ...(await exportJWK(publicKey)), kid: 'the-key', use: 'enc', alg, ...change }
  await realm.addClient({ clientId, attributes: { ...attributes, ...jwks(key) } })
  return privateKey
}

async function decrypted(text: string, key: CryptoKey) {
  const { plaintext, protectedHeader } = await compactDecrypt(text, key)
  return { header: protectedHeader, text: new TextDecoder().decode(plaintext) }
}

beforeAll(() => realm.addUser('alice'))

const keyAlgorithms = 'RSA-OAEP RSA-OAEP-256 ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW'.split(' ')
const contents = 'A128GCM A192GCM A256GCM A128CBC-HS256 A192CBC-HS384 A256CBC-HS512'.split(' ')

describe('encrypted ID tokens', () => {
  it.each(keyAlgorithms)('%s', async (alg) => {
    const key = await addClient(`id-${alg}`, alg, { [`${idToken}.alg`]: alg })
    const tokens = await tokensOf(realm, 'alice', asClient(`id-${alg}`))
    const { header, text } = await decrypted(tokens.id_token, key)
    const names = ['alg', 'enc', 'cty', 'kid', ...(alg.startsWith('ECDH') ? ['epk'] : [])]
    expect(Object.keys(header)).toEqual(names)
    expect(header).toMatchObject({ alg, enc: 'A128CBC-HS256', cty: 'JWT', kid: 'the-key' })
    expect(decode(text).claims).toMatchObject({ typ: 'ID', aud: `id-${alg}` })
    const again = granted(await refresh(realm, tokens.refresh_token, asClient(`id-${alg}`)))
    expect((await decrypted(again.id_token, key)).text).toMatch(/^eyJ/)
  })

  it.each(contents)('with the content encryption %s', async (enc) => {
    const attributes = { [`${idToken}.alg`]: 'RSA-OAEP', [`${idToken}.enc`]: enc }
    const key = await addClient(enc, 'RSA-OAEP', attributes)
    const tokens = await tokensOf(realm, 'alice', asClient(enc))
    expect((await decrypted(tokens.id_token, key)).header.enc).toBe(enc)
  })

  it('are signed with the algorithm of the client', async () => {
    const attributes = { [`${idToken}.alg`]: 'RSA-OAEP', 'id.token.signed.response.alg': 'ES256' }
    const key = await addClient('signed', 'RSA-OAEP', attributes)
    const { text } = await decrypted((await tokensOf(realm, 'alice', asClient('signed'))).id_token, key)
    expect(decode(text).header.alg).toBe('ES256')
  })

  it('use a key without a kid for any algorithm', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RSA-OAEP', { extractable: true })
    const { kid: _none, ...key } = { kid: '', ...(await exportJWK(publicKey)), use: 'enc' }
    await realm.addClient({
      clientId: 'no-kid',
      attributes: { [`${idToken}.alg`]: 'RSA-OAEP', ...jwks(key as JWK) },
    })
    const { header } = await decrypted(
      (await tokensOf(realm, 'alice', asClient('no-kid'))).id_token,
      privateKey,
    )
    expect(header).toEqual({ alg: 'RSA-OAEP', enc: 'A128CBC-HS256', cty: 'JWT' })
  })

  it.each([
    ['no-key', 'RSA-OAEP', {}, { use: 'sig' }],
    ['other-algorithm', 'RSA-OAEP', {}, { alg: 'RSA-OAEP-256' }],
    ['unknown-algorithm', 'XX', {}, {}],
    ['unknown-encryption', 'RSA-OAEP', { [`${idToken}.enc`]: 'XX' }, {}],
  ])('%s: no token', async (clientId, alg, attributes, change) => {
    await addClient(clientId, 'RSA-OAEP', { [`${idToken}.alg`]: alg, ...attributes }, change as JWK)
    const reply = await realm.token(password('alice', asClient(clientId)))
    expect([reply.status, reply.json().error]).toEqual([500, 'unknown_error'])
  })

  it('are not active at introspection', async () => {
    await addClient('introspected', 'RSA-OAEP', { [`${idToken}.alg`]: 'RSA-OAEP' })
    const { id_token } = await tokensOf(realm, 'alice', asClient('introspected'))
    const form = { token: id_token, ...asClient('introspected') }
    expect((await send(`${realm.oidc}/token/introspect`, { form })).json()).toEqual({ active: false })
  })
})

describe('encrypted userinfo', () => {
  const ask = async (clientId: string) => {
    const { access_token } = await tokensOf(realm, 'alice', asClient(clientId))
    return send(`${realm.oidc}/userinfo`, { bearer: access_token })
  }

  it('is JSON without a signature', async () => {
    const key = await addClient('plain', 'RSA-OAEP', { [`${userInfo}.alg`]: 'RSA-OAEP' })
    const reply = await ask('plain')
    expect(reply.headers.get('content-type')).toBe('application/jwt')
    const { header, text } = await decrypted(reply.text, key)
    expect(header).toEqual({ alg: 'RSA-OAEP', enc: 'A128CBC-HS256', kid: 'the-key' })
    expect(Object.keys(JSON.parse(text))).toEqual(
      'sub email_verified name preferred_username given_name family_name email'.split(' '),
    )
  })

  it('is a signed token with one', async () => {
    const attributes = {
      [`${userInfo}.alg`]: 'ECDH-ES+A256KW',
      [`${userInfo}.enc`]: 'A256GCM',
      'user.info.response.signature.alg': 'ES256',
    }
    const key = await addClient('nested', 'ECDH-ES+A256KW', attributes)
    const { header, text } = await decrypted((await ask('nested')).text, key)
    expect(header).toMatchObject({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', cty: 'JWT' })
    expect(decode(text)).toMatchObject({
      header: { alg: 'ES256' },
      claims: { aud: 'nested', iss: realm.issuer },
    })
  })

  it('without a key is 500 with an empty body', async () => {
    await realm.addClient({ clientId: 'keyless', attributes: { [`${userInfo}.alg`]: 'RSA-OAEP' } })
    const reply = await ask('keyless')
    expect([reply.status, reply.text, reply.headers.get('www-authenticate')]).toEqual([
      500,
      '',
      `Bearer realm="${realm.name}"`,
    ])
  })
})
