import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { PrivateKeyCredentials } from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught, everything } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let realm: string

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string
const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' })

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  const { client } = target.admin({ realm })
  await client.realms.create({ realm, enabled: true })
  const keys = [
    jwk(rsa.publicKey, 'rsa'),
    { ...jwk(ec.publicKey, 'ec'), alg: 'ES256' },
    { ...jwk(ed.publicKey, 'ed'), alg: 'EdDSA' },
  ]
  const { id } = await client.clients.create({
    clientId: 'operator',
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    clientAuthenticatorType: 'client-jwt',
    attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys }) },
  })
  const account = await client.clients.getServiceAccountUser({ id })
  const [management] = await client.clients.find({ clientId: 'realm-management' })
  const role = await client.clients.findRole({ id: management?.id ?? '', roleName: 'view-realm' })
  await client.users.addClientRoleMappings({
    id: account.id ?? '',
    clientUniqueId: management?.id ?? '',
    roles: [{ id: role?.id ?? '', name: 'view-realm' }],
  })
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

const operator = (credentials: Partial<PrivateKeyCredentials>, now?: () => number) =>
  target.admin({
    realm,
    credentials: { clientId: 'operator', privateKey: pem(ec.privateKey), ...credentials },
    ...(now === undefined ? {} : { now }),
  }).client

describe('a service account with a key', () => {
  test.each<[string, Partial<PrivateKeyCredentials>]>([
    ['an RSA key in PEM', { privateKey: pem(rsa.privateKey) }],
    ['an EC key in PEM', { privateKey: pem(ec.privateKey) }],
    ['an Ed25519 key in PEM', { privateKey: pem(ed.privateKey) }],
    ['a JWK', { privateKey: jwk(ec.privateKey, 'ec') }],
    ['a JWK as text', { privateKey: JSON.stringify(jwk(ec.privateKey, 'ec')) }],
    ['a function', { privateKey: async () => pem(ec.privateKey) }],
    ['its name and algorithm', { privateKey: pem(rsa.privateKey), kid: 'rsa', algorithm: 'PS256' }],
  ])('signs in with %s', async (_, credentials) => {
    expect(await operator(credentials).realms.findOne({ realm })).toMatchObject({ realm })
  })

  test('signs a new assertion for each token, also after a lost response', async () => {
    let clock = 0
    const client = operator({}, () => clock)
    target.proxy.fail('POST', '/token', 'reset after')

    await client.roles.find()
    expect(target.proxy.tokens()).toBe(2)
    clock = 299_000
    await client.roles.find()
    expect(target.proxy.tokens()).toBe(3)
  })

  test('is sent nowhere else, whatever a server says', async () => {
    const location = `${target.proxy.url}/elsewhere`
    target.proxy.fail('POST', '/token', { status: 307, headers: { location } })

    expect((await caught(operator({}).roles.find())).code).toBe('CW_ADMIN_REDIRECTED')
    expect(target.proxy.seen.filter(({ path }) => path === '/elsewhere')).toEqual([])
  })

  test('keeps working with tokens of one second each', async () => {
    const { client } = target.admin({ realm })
    await client.realms.update({ realm }, { accessTokenLifespan: 1 })
    const [end, outliving] = [performance.now() + 4_000, operator({})]

    while (performance.now() < end) await Promise.all([outliving.roles.find(), outliving.roles.find()])

    await client.realms.update({ realm }, { accessTokenLifespan: 300 })
    expect(target.proxy.tokens()).toBeGreaterThanOrEqual(4)
  })

  test('asks once, however many requests wait', async () => {
    const client = operator({})
    await Promise.all(Array.from({ length: 10 }, () => client.roles.find()))
    expect(target.proxy.tokens()).toBe(1)
  })

  test.each<[string, Partial<PrivateKeyCredentials>, string]>([
    ['a key of somebody else', { privateKey: pem(stranger.privateKey) }, 'CW_ADMIN_UNAUTHORIZED'],
    ['another audience', { audience: 'https://other.example/realms/x' }, 'CW_ADMIN_UNAUTHORIZED'],
    ['a public key', { privateKey: jwk(ec.publicKey, 'ec') }, 'CW_CONFIG_INVALID'],
    ['text that is no key', { privateKey: 'canary-no-key' }, 'CW_CONFIG_INVALID'],
    ['an algorithm of other keys', { algorithm: 'RS256' }, 'CW_CONFIG_INVALID'],
  ])('is refused with %s, and no key is in the error', async (_, credentials, code) => {
    const error = await caught(operator(credentials).roles.find())

    expect(error.code).toBe(code)
    expect(error.hint).toBeTruthy()
    const { d = 'no private part' } = stranger.privateKey.export({ format: 'jwk' })
    for (const secret of ['canary-no-key', d, 'PRIVATE KEY']) expect(everything(error)).not.toContain(secret)
  })
})
