import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerOf, empty, json, oauthError } from '../src/expect.ts'
import { asClient } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm, type TestRealm } from '../src/realm.ts'

let realm: TestRealm
/** Whether the server was started with `--features=client-secret-rotation`. */
let isOn: boolean

beforeAll(async () => {
  realm = await openRealm()
  const { features } = (await serverInfo(await realm.admin.token())).json()
  isOn = features.find(({ name }: { name: string }) => name === 'CLIENT_SECRET_ROTATION').enabled
  if (!isOn)
    console.warn('Skipped in secret-rotation.test.ts: the server runs without client-secret-rotation.')
})
afterAll(() => realm.close())

const serverInfo = (bearer: string) => send(`${realm.target.server}/admin/serverinfo`, { bearer })

const periods = {
  'expiration-period': 2_505_600,
  'rotated-expiration-period': 172_800,
  'remaining-rotation-period': 864_000,
}
const anyClient = [{ condition: 'any-client', configuration: {} }]
const refusedExecutor = json(400, {
  errorMessage:
    'proposed client profile contains the executor, which does not have valid provider, or has invalid configuration.',
})
const invalid = oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials')

const setProfile = (configuration: unknown) =>
  realm.api('/client-policies/profiles', {
    method: 'PUT',
    json: { profiles: [{ name: 'rotation', executors: [{ executor: 'secret-rotation', configuration }] }] },
  })
const setPolicy = (conditions: unknown, enabled = true) =>
  realm.api('/client-policies/policies', {
    method: 'PUT',
    json: { policies: [{ name: 'rotation', enabled, conditions, profiles: ['rotation'] }] },
  })
const noPolicy = () => realm.api('/client-policies/policies', { method: 'PUT', json: { policies: [] } })
const secretOf = async (id: string): Promise<string> =>
  (await realm.api(`/clients/${id}/client-secret`)).json().value
const rotate = async (id: string): Promise<string> =>
  (await realm.api(`/clients/${id}/client-secret`, { method: 'POST' })).json().value
const rotatedOf = (id: string) => realm.api(`/clients/${id}/client-secret/rotated`)
const attributesOf = async (id: string) => (await realm.api(`/clients/${id}`)).json().attributes
const tokenWith = (client_id: string, client_secret: string) =>
  realm.token({ grant_type: 'client_credentials', client_id, client_secret })

let count = 0
const newClient = async (more: object = {}): Promise<{ id: string; clientId: string; secret: string }> => {
  const clientId = `c${(count += 1)}`
  const id = await realm.addClient({ clientId, ...more })
  return { id, clientId, secret: await secretOf(id) }
}

describe('serverinfo', () => {
  it('shows the server’s features to administrators', async () => {
    const { features, profileInfo } = (await serverInfo(await realm.admin.token())).json()
    expect(features).toContainEqual({
      name: 'CLIENT_SECRET_ROTATION',
      label: 'Client Secret Rotation',
      type: 'PREVIEW',
      dependencies: [],
      enabled: isOn,
    })
    expect(profileInfo.previewFeatures).toContain('CLIENT_SECRET_ROTATION')
    expect(profileInfo.disabledFeatures.includes('CLIENT_SECRET_ROTATION')).toBe(!isOn)
  })

  it('shows the supported password hash algorithms', async () => {
    const { providers } = (await serverInfo(await realm.admin.token())).json()
    expect(providers['password-hashing']).toEqual({
      internal: true,
      providers: {
        argon2: { order: 300 },
        'pbkdf2-sha512': { order: 200 },
        'pbkdf2-sha256': { order: 100 },
        pbkdf2: { order: -100 },
      },
    })
  })

  it('is refused to others', async () => {
    const { access_token } = (
      await realm.token({ grant_type: 'client_credentials', ...asClient('app') })
    ).json()
    expect(answerOf(await serverInfo(access_token))).toEqual(json(403, { error: 'HTTP 403 Forbidden' }))
  })
})

describe('a client without a rotation policy', () => {
  it('loses its secret when a new one is generated', async () => {
    const { id, clientId, secret } = await newClient()
    const next = await rotate(id)

    expect(answerOf(await rotatedOf(id))).toEqual(
      json(404, { error: 'Client does not have a rotated secret' }),
    )
    expect(answerOf(await tokenWith(clientId, secret))).toEqual(invalid)
    expect((await tokenWith(clientId, next)).status).toBe(200)
    expect(await attributesOf(id)).toEqual({
      realm_client: 'false',
      'client.secret.creation.time': expect.stringMatching(/^\d{10}$/),
    })
  })

  it('has no old secret to delete', async () => {
    const { id } = await newClient()
    const path = `/clients/${id}/client-secret/rotated`
    expect(answerOf(await realm.api(path, { method: 'DELETE' }))).toEqual(empty(204))
  })
})

describe('a client profile for rotation', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['all three periods', periods, empty(204)],
    ['periods as strings', { ...periods, 'expiration-period': '2505600' }, empty(204)],
    ['a lifetime of 0 for the old secret', { ...periods, 'rotated-expiration-period': 0 }, empty(204)],
    ['a lifetime of 0 for the secret', { ...periods, 'expiration-period': 0 }, refusedExecutor],
    [
      'a longer lifetime for the old secret',
      { ...periods, 'rotated-expiration-period': 9e6 },
      refusedExecutor,
    ],
    ['a longer remaining period', { ...periods, 'remaining-rotation-period': 9e6 }, refusedExecutor],
  ])('with %s', async (_, configuration, expected) => {
    expect(answerOf(await setProfile(configuration))).toEqual(isOn ? expected : refusedExecutor)
  })
})

describe('a client with a rotation policy', () => {
  beforeEach(async ({ skip }) => {
    if (!isOn) skip()
    await setProfile(periods)
    await setPolicy(anyClient)
  })

  it('has two secrets after a new one is generated', async () => {
    const { id, clientId, secret } = await newClient()
    const answer = await realm.api(`/clients/${id}/client-secret`, { method: 'POST' })
    const next = answer.json().value

    expect(answerOf(answer)).toEqual(json(200, { type: 'secret', value: next }))
    expect(await secretOf(id)).toBe(next)
    expect(answerOf(await rotatedOf(id))).toEqual(json(200, { type: 'secret', value: secret }))
    expect((await tokenWith(clientId, secret)).status).toBe(200)
    expect((await tokenWith(clientId, next)).status).toBe(200)
    expect(answerOf(await tokenWith(clientId, 'neither'))).toEqual(invalid)
  })

  it('has the old secret and both expiry times in its attributes', async () => {
    const { id, secret } = await newClient()
    await rotate(id)

    const attributes = await attributesOf(id)
    const made = Number(attributes['client.secret.creation.time'])
    expect(Math.abs(made - Date.now() / 1000)).toBeLessThan(60)
    expect(attributes).toEqual({
      realm_client: 'false',
      'client.secret.creation.time': String(made),
      'client.secret.expiration.time': String(made + periods['expiration-period']),
      'client.secret.rotated': secret,
      'client.secret.rotated.creation.time': String(made),
      'client.secret.rotated.expiration.time': String(made + periods['rotated-expiration-period']),
    })
  })

  it('loses the oldest of three secrets', async () => {
    const { id, clientId, secret } = await newClient()
    const second = await rotate(id)
    await rotate(id)

    expect(answerOf(await tokenWith(clientId, secret))).toEqual(invalid)
    expect((await tokenWith(clientId, second)).status).toBe(200)
  })

  it('loses the old secret when it is deleted', async () => {
    const { id, clientId, secret } = await newClient()
    const next = await rotate(id)
    const path = `/clients/${id}/client-secret/rotated`

    expect(answerOf(await realm.api(path, { method: 'DELETE' }))).toEqual(empty(204))
    expect((await rotatedOf(id)).status).toBe(404)
    expect(answerOf(await tokenWith(clientId, secret))).toEqual(invalid)
    expect((await tokenWith(clientId, next)).status).toBe(200)
    expect(Object.keys(await attributesOf(id)).toSorted()).toEqual([
      'client.secret.creation.time',
      'client.secret.expiration.time',
      'realm_client',
    ])
  })

  it('keeps both secrets when it is updated, and when the policy is removed', async () => {
    const { id, clientId, secret } = await newClient()
    const next = await rotate(id)
    await realm.api(`/clients/${id}`, { method: 'PUT', json: { clientId, attributes: { team: 'red' } } })
    await noPolicy()

    expect(await attributesOf(id)).toMatchObject({ team: 'red', 'client.secret.rotated': secret })
    expect((await tokenWith(clientId, secret)).status).toBe(200)
    expect((await tokenWith(clientId, next)).status).toBe(200)
  })

  it('loses the old secret when a new one is generated after the policy is removed', async () => {
    const { id, clientId } = await newClient()
    const second = await rotate(id)
    await noPolicy()
    await rotate(id)

    expect(answerOf(await tokenWith(clientId, second))).toEqual(invalid)
    expect(Object.keys(await attributesOf(id)).toSorted()).toEqual([
      'client.secret.creation.time',
      'realm_client',
    ])
  })

  it('keeps no old secret if the policy sets its lifetime to 0', async () => {
    await setProfile({ ...periods, 'rotated-expiration-period': 0 })
    const { id, clientId, secret } = await newClient()
    await rotate(id)

    expect((await rotatedOf(id)).status).toBe(404)
    expect(answerOf(await tokenWith(clientId, secret))).toEqual(invalid)
  })

  it('loses the old secret, then the new one, when they expire', async () => {
    await setProfile({
      'expiration-period': 4,
      'rotated-expiration-period': 2,
      'remaining-rotation-period': 1,
    })
    const { id, clientId, secret } = await newClient()
    const next = await rotate(id)

    await expect.poll(() => statusWith(clientId, secret), { timeout: 9_000, interval: 200 }).toBe(401)
    expect(answerOf(await rotatedOf(id))).toEqual(json(200, { type: 'secret', value: secret }))
    await expect.poll(() => statusWith(clientId, next), { timeout: 9_000, interval: 200 }).toBe(401)
    await realm.api(`/clients/${id}`, { method: 'PUT', json: { clientId, description: 'changed' } })
    expect(await secretOf(id)).toBe(next)
    expect((await tokenWith(clientId, await rotate(id))).status).toBe(200)
    await noPolicy()
  }, 30_000)

  const statusWith = async (clientId: string, secret: string) => (await tokenWith(clientId, secret)).status

  it('gets an expiry time for its secret on create, update and login', async () => {
    await noPolicy()
    const { id, clientId } = await newClient()
    await setPolicy(anyClient)
    const made = await newClient()

    expect(await attributesOf(made.id)).toHaveProperty(['client.secret.expiration.time'])
    expect((await tokenWith(clientId, await secretOf(id))).status).toBe(200)
    expect(await attributesOf(id)).not.toHaveProperty(['client.secret.expiration.time'])
    await send(realm.authUrl({ client_id: clientId }))
    expect(await attributesOf(id)).toHaveProperty(['client.secret.expiration.time'])
  })

  it.each<[string, boolean, unknown[]]>([
    ['confidential clients', true, [['client-access-type', { type: ['confidential'] }]]],
    ['public clients', false, [['client-access-type', { type: ['public'] }]]],
    [
      'all but public clients',
      true,
      [['client-access-type', { type: ['public'], 'is-negative-logic': true }]],
    ],
    ['no client', false, [['any-client', { 'is-negative-logic': true }]]],
    ['an attribute', true, [['client-attributes', { attributes: '[{"key":"rotate","value":"yes"}]' }]]],
    [
      'another value of an attribute',
      false,
      [['client-attributes', { attributes: '[{"key":"rotate","value":"no"}]' }]],
    ],
    ['a role of the client', true, [['client-roles', { roles: ['rotated', 'other'] }]]],
    ['a role that the client does not have', false, [['client-roles', { roles: ['other'] }]]],
    ['a grant type, which is ignored', false, [['grant-type', { grant_types: ['client_credentials'] }]]],
    [
      'any client and a grant type',
      true,
      [
        ['any-client', {}],
        ['grant-type', { grant_types: ['password'] }],
      ],
    ],
    [
      'any client and public clients',
      false,
      [
        ['any-client', {}],
        ['client-access-type', { type: ['public'] }],
      ],
    ],
    ['nothing', false, []],
  ])('is selected by conditions on %s: %s', async (_, covered, conditions) => {
    const { id } = await newClient({ attributes: { rotate: 'yes' } })
    await realm.api(`/clients/${id}/roles`, { json: { name: 'rotated' } })
    const named = (conditions as [string, object][]).map(([condition, configuration]) => ({
      condition,
      configuration,
    }))
    expect((await setPolicy(named)).status).toBe(204)

    await rotate(id)
    expect((await rotatedOf(id)).status).toBe(covered ? 200 : 404)
  })

  it('is not selected by a disabled policy', async () => {
    const { id } = await newClient()
    await setPolicy(anyClient, false)
    await rotate(id)
    expect((await rotatedOf(id)).status).toBe(404)
  })
})
