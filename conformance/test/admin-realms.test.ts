import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json } from '../src/expect.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'

const realm = await openRealm({ displayName: 'Shown', accessTokenLifespan: 120 })
afterAll(() => realm.close())

const realms = (path: string, method?: string, body?: unknown) =>
  realm.admin.request(path, { ...(method && { method }), ...(body !== undefined && { json: body }) })
const unreadable = json(400, { errorMessage: 'unable to read contents from stream' })
const bodyType = { 'content-type': 'application/json' }

describe('creating a realm', () => {
  it('writes the name of the default role in lower case', async () => {
    const name = `${realm.name}-New`
    await realms('', 'POST', { realm: name, enabled: true })
    realm.admin.renew()
    const reply = await realms(`/${name}`)
    await realms(`/${name}`, 'DELETE')
    expect(reply.json()).toMatchObject({ defaultRole: { name: `default-roles-${name.toLowerCase()}` } })
  })

  it('returns an empty 201 with the URL of the new realm', async () => {
    const name = `${realm.name}-new`
    const reply = await realms('', 'POST', { realm: name, enabled: true })
    expect(answerOf(reply, 'location')).toEqual({
      ...empty(201),
      location: `${realm.target.server}/admin/realms/${name}`,
    })
    realm.admin.renew()
    expect(answerOf(await realms(`/${name}`, 'DELETE'))).toEqual(empty(204))
    expect(answerOf(await realms(`/${name}`))).toEqual(json(404, { error: 'Realm not found.' }))
  })

  it('returns 409 for a name that already exists', async () => {
    const expected = json(409, { errorMessage: `Realm ${realm.name} already exists` })
    expect(answerOf(await realms('', 'POST', { realm: realm.name }))).toEqual(expected)
  })

  it.each([[{}], [{ realm: '' }]])('rejects an empty or missing name: %j', async (body) => {
    expect(answerOf(await realms('', 'POST', body))).toEqual(
      json(400, { errorMessage: 'Realm name cannot be empty' }),
    )
  })

  it('rejects a slash in the name', async () => {
    const expected = json(400, { error: "Character '/' not allowed." })
    expect(answerOf(await realms('', 'POST', { realm: 'a/b' }))).toEqual(expected)
  })

  it.each([
    ['an unknown field', '{"realm":"x","nope":1}'],
    ['an incomplete JSON body', '{"realm":'],
    ['a value of another type', '{"realm":"x","enabled":"maybe"}'],
    ['a list', '[]'],
  ])('rejects %s', async (_, body) => {
    const reply = await realm.admin.request('', { body, headers: bodyType })
    expect(answerOf(reply)).toEqual(unreadable)
  })

  it('rejects another content type', async () => {
    const reply = await realm.admin.request('', { body: 'x', headers: { 'content-type': 'text/plain' } })
    const error = 'The content-type header value did not match the value in @Consumes'
    expect(answerOf(reply)).toEqual(json(415, { error }))
  })
})

describe('reading a realm', () => {
  it('returns the given settings and Keycloak’s defaults', async () => {
    const body = (await realm.api('')).json()
    expect(Object.keys(body).slice(0, 7)).toEqual([
      'id',
      'realm',
      'displayName',
      'notBefore',
      'defaultSignatureAlgorithm',
      'revokeRefreshToken',
      'refreshTokenMaxReuse',
    ])
    expect(body).toMatchObject({
      realm: realm.name,
      displayName: 'Shown',
      enabled: true,
      accessTokenLifespan: 120,
      defaultSignatureAlgorithm: 'RS256',
      revokeRefreshToken: false,
      refreshTokenMaxReuse: 0,
      ssoSessionIdleTimeout: 1800,
      ssoSessionMaxLifespan: 36_000,
      offlineSessionIdleTimeout: 2_592_000,
      accessCodeLifespan: 60,
      accessCodeLifespanUserAction: 300,
      accessCodeLifespanLogin: 1800,
      sslRequired: 'external',
      registrationAllowed: false,
      loginWithEmailAllowed: true,
      duplicateEmailsAllowed: false,
      editUsernameAllowed: false,
      bruteForceProtected: false,
      failureFactor: 30,
      otpPolicyType: 'totp',
      otpPolicyAlgorithm: 'HmacSHA1',
      otpPolicyDigits: 6,
      otpPolicyPeriod: 30,
      otpPolicyLookAheadWindow: 1,
      browserFlow: 'browser',
      directGrantFlow: 'direct grant',
    })
    expect(body.defaultRole).toMatchObject({
      name: `default-roles-${realm.name}`,
      composite: true,
      clientRole: false,
    })
  })

  it('lists realms, briefly on request', async () => {
    const reply = await realms('?briefRepresentation=true')
    const mine = reply.json().find((one: { realm: string }) => one.realm === realm.name)
    expect(shapeOf(mine)).toBe('{id: string, realm: string, displayName: string, enabled: boolean}')
    expect(reply.json().map((one: { realm: string }) => one.realm)).toContain('master')
  })

  it('returns 404 for an unknown realm', async () => {
    expect(answerOf(await realms('/no-such-realm'))).toEqual(json(404, { error: 'Realm not found.' }))
  })
})

describe('changing a realm', () => {
  it('keeps fields that the body does not have', async () => {
    expect(
      answerOf(await realm.api('', { method: 'PUT', json: { accessTokenLifespanForImplicitFlow: 600 } })),
    ).toEqual(empty(204))
    expect((await realm.api('')).json()).toMatchObject({
      displayName: 'Shown',
      accessTokenLifespan: 120,
      accessTokenLifespanForImplicitFlow: 600,
      enabled: true,
    })
  })

  const server = { host: 'mail.example.com', from: 'shop@example.com' }
  const login = { ...server, user: 'shop', password: 's3cr3t-canary' }
  const token = {
    authTokenUrl: 'http://id.example.com',
    authTokenClientId: 'a',
    authTokenClientSecret: 's3cr3t-canary',
  }
  const mask = '**********'
  it.each([
    ['no authentication', login, server],
    ['authentication that is off', { ...login, auth: 'false', ...token }, { ...server, auth: 'false' }],
    [
      'password authentication',
      { ...login, auth: 'true', ...token },
      { ...login, auth: 'true', password: mask },
    ],
    [
      'token authentication',
      { ...login, auth: 'true', authType: 'token', ...token },
      { ...server, user: 'shop', auth: 'true', authType: 'token', ...token, authTokenClientSecret: mask },
    ],
  ])('keeps only the mail server settings in use: %s', async (_, smtpServer, kept) => {
    await realm.api('', { method: 'PUT', json: { smtpServer } })
    expect((await realm.api('')).json()['smtpServer']).toEqual(kept)
  })

  it('names an unknown field with line and column', async () => {
    const reply = await realm.api('', { method: 'PUT', json: { nope: 1 } })
    const error =
      'Invalid json representation for RealmRepresentation. Unrecognized field "nope" at line 1 column 10.'
    expect(answerOf(reply)).toEqual(json(400, { error }))
  })

  it('returns 404 for an unknown realm', async () => {
    const missing = json(404, { error: 'Realm not found.' })
    expect(answerOf(await realms('/no-such-realm', 'PUT', {}))).toEqual(missing)
    expect(answerOf(await realms('/no-such-realm', 'DELETE'))).toEqual(missing)
  })
})

describe('providers of authentication steps', () => {
  it.each([
    ['authenticator', 'auth-otp-form', 'OTP Form', 'client-secret'],
    ['client-authenticator', 'client-secret', 'Client Id and Secret', 'auth-otp-form'],
    ['form-action', 'registration-user-creation', 'Registration User Profile Creation', 'auth-cookie'],
  ])('of the kind %s are listed with display names', async (kind, id, displayName, other) => {
    const reply = await realm.api(`/authentication/${kind}-providers`)
    expect(reply.status).toBe(200)
    const providers = reply.json() as unknown as { id: string; displayName: string }[]
    expect(providers.find((each) => each.id === id)).toMatchObject({ displayName })
    expect(providers.find((each) => each.id === other)).toBeUndefined()
  })

  it('include the form provider of a form subflow, and none of another subflow', async () => {
    const flow = { alias: 'join', providerId: 'basic-flow', topLevel: true, builtIn: false }
    await realm.api('/authentication/flows', { json: flow })
    const form = { alias: 'join form', type: 'form-flow', provider: 'registration-page-form' }
    const made = await realm.api('/authentication/flows/join/executions/flow', { json: form })
    expect(made.status).toBe(201)
    const plain = { alias: 'no form', type: 'basic-flow', provider: 'registration-page-form' }
    await realm.api('/authentication/flows/join/executions/flow', { json: plain })
    const [first, second] = (
      await realm.api('/authentication/flows/join/executions')
    ).json() as unknown as object[]
    expect(first).toMatchObject({ displayName: 'join form', providerId: 'registration-page-form' })
    expect(second).toMatchObject({ displayName: 'no form' })
    expect(second).not.toHaveProperty('providerId')
  })
})

describe('e-mail address settings', () => {
  const members = ['registrationEmailAsUsername', 'loginWithEmailAllowed', 'duplicateEmailsAllowed'] as const

  /** One after the other. */
  const steps = [
    [{ duplicateEmailsAllowed: true }, [false, false, true]],
    [{ loginWithEmailAllowed: true }, [false, true, false]],
    [{ registrationEmailAsUsername: true }, [true, true, false]],
    [{ duplicateEmailsAllowed: true }, [false, false, true]],
    [{ registrationEmailAsUsername: true }, [true, false, false]],
    [{ registrationEmailAsUsername: true, duplicateEmailsAllowed: true }, [false, false, true]],
    [{ duplicateEmailsAllowed: false }, [false, false, false]],
    [{ loginWithEmailAllowed: true, duplicateEmailsAllowed: true }, [false, false, true]],
    [{ loginWithEmailAllowed: true, duplicateEmailsAllowed: false }, [false, true, false]],
  ] as const

  it('turn off the settings that contradict them', async () => {
    for (const [json, expected] of steps) {
      expect((await realm.api('', { method: 'PUT', json })).status).toBe(204)
      const settings = (await realm.api('')).json()
      expect(members.map((member) => settings[member])).toEqual(expected)
    }
  })
})
