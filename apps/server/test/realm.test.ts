import { createHash } from 'node:crypto'
import { type Admin, createAdmin } from '@cloakwright/admin'
import { describeChange, ensureRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../../../conformance/src/browser.ts'
import type { Page } from '../../../conformance/src/page.ts'
import { onKeycloak, openTarget, type Target } from '../../../conformance/src/target.ts'
import { codeFor } from '../../../conformance/src/totp.ts'
import realmFromEnvironment, { type RealmOptions, realmDefinition } from '../src/realm.ts'

const publicUrl = 'http://localhost:8000'
const clientId = 'cloakwright-app'
const clientSecret = 'secret-of-the-server'
const password = 'Correct horse battery staple 1'

let target: Target

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

describe('the development profile', () => {
  const realm = `server-development-${process.pid}`
  let admin: Admin

  beforeAll(async () => {
    admin = createAdmin({ server: target.server, realm, credentials: target.admin })
    await ensureRealm(admin, definition('development', realm))
  })
  afterAll(() => admin.client.realms.del({ realm }))

  test('is unchanged when it is applied again', async () => {
    expect(await ensureRealm(admin, definition('development', realm))).toEqual([])
  })

  test.each([
    { username: 'alice', roles: ['admin', 'user'] },
    { username: 'bob', roles: ['user'] },
  ])(
    'gives $username tokens with an audience and roles, by the password grant',
    async ({ username, roles }) => {
      const response = await grant(realm, {
        client_id: clientId,
        client_secret: clientSecret,
        username,
        password: username,
      })
      const claims = payload(((await response.json()) as { access_token: string }).access_token)

      expect(response.status).toBe(200)
      expect([claims.aud].flat()).toContain(clientId)
      expect(claims.realm_access.roles.filter((role) => ['admin', 'user'].includes(role)).toSorted()).toEqual(
        roles,
      )
      expect(claims).toMatchObject({
        azp: clientId,
        preferred_username: username,
        email: `${username}@example.com`,
      })
    },
  )

  test('adds the current origin, and keeps origins that were added by hand', async () => {
    const moved = definition('development', realm, { publicUrl: 'http://localhost:8001' })

    expect((await ensureRealm(admin, moved)).map(describeChange)).toEqual([
      `~ client ${clientId}: redirectUris, webOrigins, attributes.post.logout.redirect.uris, attributes.backchannel.logout.url`,
    ])

    const [client] = await admin.client.clients.find({ clientId })
    expect(client?.redirectUris).toEqual(['http://localhost:8001/auth/callback'])
    expect((await ensureRealm(admin, definition('development', realm))).length).toBe(1)
  })

  test('lets a browser log in only with PKCE S256, and only back to its callback', async () => {
    const without = await new Browser(target.server).open(
      loginUrl(realm, { code_challenge: '', code_challenge_method: '' }),
    )
    expect(without.location().searchParams.get('error')).toBe('invalid_request')

    const elsewhere = await new Browser(target.server).open(
      loginUrl(realm, { redirect_uri: `${publicUrl}/auth/callback/elsewhere` }),
    )
    expect(elsewhere.status).toBe(400)

    const page = await new Browser(target.server).login(loginUrl(realm), 'alice', 'alice')
    expect(page.location().href).toContain(`${publicUrl}/auth/callback?`)
    expect(page.location().searchParams.has('code')).toBe(true)
  })
})

describe('the production profile', () => {
  test('has secure settings, and no demo users', () => {
    const production = definition('production', 'shop')
    expect(production).toMatchObject({
      accessTokenLifespan: 300,
      ssoSessionIdleTimeout: 1800,
      revokeRefreshToken: true,
      refreshTokenMaxReuse: 0,
      bruteForceProtected: true,
      registrationAllowed: false,
      resetPasswordAllowed: false,
      sslRequired: 'external',
      eventsEnabled: true,
      adminEventsEnabled: true,
    })
    expect(production.users).toBeUndefined()
    expect(production.clients?.map((client) => client.directAccessGrantsEnabled)).toEqual([false, false])
  })
})

// The embedded realm is for development: it has no flows to configure, and no second factor.
describe.runIf(onKeycloak)('the production profile on Keycloak', () => {
  const realm = `server-production-${process.pid}`
  let admin: Admin

  beforeAll(async () => {
    admin = createAdmin({ server: target.server, realm, credentials: target.admin })
    await ensureRealm(admin, definition('production', realm))
    await createUser(admin, 'administrator', 'admin')
    await createUser(admin, 'somebody', 'user')
  })
  afterAll(() => admin.client.realms.del({ realm }))

  test('is unchanged when it is applied again', async () => {
    expect(await ensureRealm(admin, definition('production', realm))).toEqual([])
  })

  test('makes an administrator set up a one-time password, and asks for it once at each login', async () => {
    const first = new Browser(target.server)
    const page = await first.login(loginUrl(realm), 'administrator', password)
    const { totpSecret = '' } = page.form('kc-totp-settings-form').fields
    expect(
      isCallback(
        await first.submit(page, 'kc-totp-settings-form', {
          totp: await codeFor(totpSecret),
          userLabel: 'phone',
        }),
      ),
    ).toBe(true)

    const second = new Browser(target.server)
    const asked = await second.login(loginUrl(realm), 'administrator', password)
    const wrong = await second.submit(asked, 'kc-otp-login-form', { otp: '000000' })
    expect(isCallback(wrong)).toBe(false)
    // The code of the next period, which is valid already: the current one has been used.
    const done = await second.submit(wrong, 'kc-otp-login-form', { otp: await codeFor(totpSecret, 1) })
    expect(isCallback(done)).toBe(true)
  })

  test('asks other users for one only after they have set it up, then once', async () => {
    expect(isCallback(await new Browser(target.server).login(loginUrl(realm), 'somebody', password))).toBe(
      true,
    )

    const [user] = await admin.client.users.find({ username: 'somebody', exact: true })
    await admin.client.users.update({ id: user?.id ?? '' }, { ...user, requiredActions: ['CONFIGURE_TOTP'] })
    const browser = new Browser(target.server)
    const page = await browser.login(loginUrl(realm), 'somebody', password)
    const { totpSecret = '' } = page.form('kc-totp-settings-form').fields
    expect(
      isCallback(
        await browser.submit(page, 'kc-totp-settings-form', {
          totp: await codeFor(totpSecret),
          userLabel: 'phone',
        }),
      ),
    ).toBe(true)

    const again = new Browser(target.server)
    const asked = await again.login(loginUrl(realm), 'somebody', password)
    expect(
      isCallback(await again.submit(asked, 'kc-otp-login-form', { otp: await codeFor(totpSecret, 1) })),
    ).toBe(true)
  })

  test.each([
    { client: 'the server', parameters: { client_id: clientId, client_secret: clientSecret } },
    { client: 'admin-cli', parameters: { client_id: 'admin-cli' } },
  ])('refuses the password grant, which requires no second factor, to $client', async ({ parameters }) => {
    const response = await grant(realm, { ...parameters, username: 'somebody', password })

    expect(await response.json()).toMatchObject({ error: 'unauthorized_client' })
  })

  test('locks an account after five wrong passwords', async () => {
    await createUser(admin, 'attacked', 'user')
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await new Browser(target.server).login(loginUrl(realm), 'attacked', `wrong ${attempt}`)
    }

    expect(isCallback(await new Browser(target.server).login(loginUrl(realm), 'attacked', password))).toBe(
      false,
    )
  })

  test('refuses a short password', async () => {
    const weak = { type: 'password', value: 'eleven char', temporary: false }
    await expect(
      admin.client.users.create({ username: 'weak', enabled: true, credentials: [weak] }),
    ).rejects.toThrow(/the password must have at least \d+ characters/)
  })

  test('ends the session when a refresh token is used twice', async () => {
    await createUser(admin, 'careless', 'user')
    const page = await new Browser(target.server).login(loginUrl(realm), 'careless', password)
    const client = { client_id: clientId, client_secret: clientSecret }
    const authorizationCode = page.location().searchParams.get('code') ?? ''
    const redirect = { redirect_uri: `${publicUrl}/auth/callback`, code_verifier: verifier }
    const { refresh_token: first } = await tokens(realm, {
      ...client,
      ...redirect,
      grant_type: 'authorization_code',
      code: authorizationCode,
    })
    const { refresh_token: second } = await tokens(realm, {
      ...client,
      grant_type: 'refresh_token',
      refresh_token: first ?? '',
    })

    expect(
      await tokens(realm, { ...client, grant_type: 'refresh_token', refresh_token: first ?? '' }),
    ).toMatchObject({ error: 'invalid_grant' })
    expect(
      await tokens(realm, { ...client, grant_type: 'refresh_token', refresh_token: second ?? '' }),
    ).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('the definition from environment variables', () => {
  test('has the realm, client, secret and origin from the variables', async () => {
    const named = await realmFromEnvironment({
      KEYCLOAK_REALM: 'shop',
      KEYCLOAK_CLIENT_ID: 'shop-api',
      KEYCLOAK_CLIENT_SECRET: clientSecret,
      PORT: '9000',
    })

    expect(named.realm).toBe('shop')
    expect(named.users?.map(({ username }) => username)).toEqual(['alice', 'bob'])
    expect(named.clients?.[0]).toMatchObject({
      clientId: 'shop-api',
      secret: clientSecret,
      redirectUris: ['http://localhost:9000/auth/callback'],
    })
  })

  test('is the production profile with NODE_ENV=production', async () => {
    const named = await realmFromEnvironment({
      NODE_ENV: 'production',
      KEYCLOAK_SERVER: 'https://id.example.com',
      KEYCLOAK_CLIENT_SECRET: clientSecret,
      PUBLIC_URL: 'https://app.example.com',
    })

    expect(named.users).toBeUndefined()
    expect(named.bruteForceProtected).toBe(true)
  })
})

function definition(
  profile: RealmOptions['profile'],
  realm: string,
  changes: Partial<RealmOptions> = {},
): RealmDefinition {
  return realmDefinition({ realm, clientId, clientSecret, publicUrl, profile, ...changes })
}

async function createUser({ client }: Admin, username: string, role: string): Promise<void> {
  const { id } = await client.users.create({
    username,
    enabled: true,
    email: `${username}@example.com`,
    emailVerified: true,
    firstName: 'First',
    lastName: 'Last',
    credentials: [{ type: 'password', value: password, temporary: false }],
  })
  const { id: roleId = '', name = '' } = (await client.roles.findOneByName({ name: role })) ?? {}
  await client.users.addRealmRoleMappings({ id, roles: [{ id: roleId, name }] })
}

const verifier = 'a-verifier-of-the-forty-three-characters-or-more'

function loginUrl(realm: string, changes: Record<string, string> = {}): string {
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: `${publicUrl}/auth/callback`,
    scope: 'openid',
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  const given = Object.entries(parameters).filter(([, value]) => value !== '')
  return `${target.server}/realms/${realm}/protocol/openid-connect/auth?${new URLSearchParams(given).toString()}`
}

function isCallback(page: Page): boolean {
  const location = page.headers.get('location')
  return location !== null && location.startsWith(`${publicUrl}/auth/callback?`) && location.includes('code=')
}

function grant(realm: string, parameters: Record<string, string>): Promise<Response> {
  const body = new URLSearchParams({ grant_type: 'password', ...parameters })
  return fetch(`${target.server}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body })
}

async function tokens(realm: string, parameters: Record<string, string>): Promise<Record<string, string>> {
  return (await (await grant(realm, parameters)).json()) as Record<string, string>
}

interface Claims {
  readonly aud: string | string[]
  readonly realm_access: { readonly roles: string[] }
}

function payload(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
}
