import { createAdmin } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { afterAll, describe, expect, it } from 'vitest'
import { realmDefinition } from '../../apps/server/src/realm.ts'
import { openAdmin } from '../src/admin.ts'
import { Browser } from '../src/browser.ts'
import { answerOf, loginPage, oauthError, redirectOf, secondsLeft, seenOn } from '../src/expect.ts'
import { challengeOf, granted } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openTarget } from '../src/target.ts'
import { decode } from '../src/token.ts'
import { codeFor } from '../src/totp.ts'

/** The project's realm with its production profile, applied like an operator, used like its users. */
const target = await openTarget()
const name = `conformance-production-${Date.now().toString(36)}`
const serverClient = { client_id: 'cloakwright-app', client_secret: 'a-secret-for-tests' }
const origin = 'https://app.example'
const callbackUrl = `${origin}/auth/callback`
const longPassword = 'a long password, as the policy wants'
const codeVerifier = 'v'.repeat(43)
const oidc = `${target.server}/realms/${name}/protocol/openid-connect`

const definition = realmDefinition({
  realm: name,
  clientId: serverClient.client_id,
  clientSecret: serverClient.client_secret,
  publicUrl: origin,
  profile: 'production',
})
const operator = createAdmin({ server: target.server, realm: name, credentials: target.admin })
const applied = await ensureRealm(operator, definition)
const admin = openAdmin(target, name)
afterAll(async () => {
  await admin.client.realms.del({ realm: name })
  await target.close()
})

const addUser = async (username: string, role: string) => {
  const { id } = await admin.client.users.create({
    username,
    enabled: true,
    email: `${username}@example.org`,
    emailVerified: true,
    firstName: 'First',
    lastName: 'Last',
    credentials: [{ type: 'password', value: longPassword, temporary: false }],
  })
  const found = await admin.client.roles.findOneByName({ name: role })
  await admin.client.users.addRealmRoleMappings({ id, roles: [{ id: found?.id ?? '', name: role }] })
}
const authUrl = (more: Record<string, string> = challengeOf(codeVerifier)) =>
  `${oidc}/auth?${new URLSearchParams({
    client_id: serverClient.client_id,
    response_type: 'code',
    redirect_uri: callbackUrl,
    scope: 'openid',
    state: 'st',
    ...more,
  })}`
const signIn = async (username: string) => {
  const browser = new Browser(target.server)
  return { browser, page: await browser.login(authUrl(), username, longPassword) }
}
const token = (form: Record<string, string>) => send(`${oidc}/token`, { form: { ...serverClient, ...form } })
const exchange = async (location: URL) => {
  const code = location.searchParams.get('code') ?? ''
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: callbackUrl,
    code_verifier: codeVerifier,
  }
  return granted(await token(form))
}
const refresh = (refresh_token: string) => token({ grant_type: 'refresh_token', refresh_token })
const done = { status: 302, to: callbackUrl }

describe('the production profile', () => {
  it('is applied; applying it again changes nothing', async () => {
    expect(applied).not.toEqual([])
    expect(await ensureRealm(operator, definition)).toEqual([])
  })

  it('has no demo users', async () => {
    expect(await admin.client.users.find({ username: 'alice', exact: true })).toEqual([])
  })

  it('rejects a login without PKCE', async () => {
    const page = await new Browser(target.server).open(authUrl({}))
    expect(redirectOf(page)).toMatchObject(done)
    expect(Object.fromEntries(page.location().searchParams)).toMatchObject({
      error: 'invalid_request',
      error_description: 'Missing parameter: code_challenge_method',
    })
  })

  it.each([['cloakwright-app'], ['admin-cli']])('rejects the password grant for %s', async (client_id) => {
    await addUser(`direct-${client_id}`, 'user')
    const secret = client_id === serverClient.client_id ? serverClient : { client_id }
    const form = {
      grant_type: 'password',
      username: `direct-${client_id}`,
      password: longPassword,
      ...secret,
    }
    const reply = await send(`${oidc}/token`, { form })
    expect(answerOf(reply)).toEqual(
      oauthError(400, 'unauthorized_client', 'Client not allowed for direct access grants'),
    )
  })

  it('rejects a short password', async () => {
    await addUser('short', 'user')
    const [user] = await admin.client.users.find({ username: 'short', exact: true })
    const path = `/${name}/users/${user?.id}/reset-password`
    const reply = await admin.request(path, { method: 'PUT', json: { type: 'password', value: 'short' } })
    const expected = oauthError(
      400,
      'invalidPasswordMinLengthMessage',
      'Invalid password: minimum length 12.',
    )
    expect(answerOf(reply)).toEqual(expected)
  })
})

describe('an administrator', () => {
  it('must set up one-time codes at the first login and enter one at each later login', async () => {
    await addUser('chief', 'admin')
    const first = await signIn('chief')
    expect(seenOn(first.page)).toMatchObject({ status: 200, title: 'Mobile Authenticator Setup' })
    const { totpSecret = '' } = first.page.form('kc-totp-settings-form').fields
    const setup = { totp: await codeFor(totpSecret, -1), userLabel: 'phone' }
    const finished = await first.browser.submit(first.page, 'kc-totp-settings-form', setup)
    expect(redirectOf(finished)).toMatchObject(done)

    const { access_token, expires_in } = await exchange(finished.location())
    const { claims } = decode(access_token)
    expect(expires_in).toEqual(secondsLeft(300))
    expect(claims.realm_access.roles).toContain('admin')
    expect([claims.aud].flat()).toContain(serverClient.client_id)

    const second = await signIn('chief')
    expect(second.page.form('kc-otp-login-form').types).toMatchObject({ otp: 'text' })
    const refused = await second.browser.submit(second.page, 'kc-otp-login-form', { otp: '000000' })
    expect(seenOn(refused)).toMatchObject({ status: 200, message: 'Invalid authenticator code.' })
    const otp = await codeFor(totpSecret)
    const accepted = await second.browser.submit(refused, 'kc-otp-login-form', { otp })
    expect(redirectOf(accepted)).toMatchObject(done)
    expect(decode((await exchange(accepted.location())).access_token).claims.realm_access.roles).toContain(
      'admin',
    )
  })

  it('gets no session with the password alone', async () => {
    await addUser('careless', 'admin')
    const { page } = await signIn('careless')
    expect([page.status, page.headers.get('location')]).toEqual([200, null])
    const [user] = await admin.client.users.find({ username: 'careless', exact: true })
    expect(user?.requiredActions).toEqual([])
    expect(await admin.client.users.listSessions({ id: user?.id ?? '' })).toEqual([])
  })
})

describe('an administrator through a group', () => {
  it('must set up one-time codes too', async () => {
    await addUser('deputy', 'user')
    const [user] = await admin.client.users.find({ username: 'deputy', exact: true })
    const { id: groupId } = await admin.client.groups.create({ name: 'board' })
    const role = await admin.client.roles.findOneByName({ name: 'admin' })
    await admin.client.groups.addRealmRoleMappings({
      id: groupId,
      roles: [{ id: role?.id ?? '', name: 'admin' }],
    })
    await admin.client.users.addToGroup({ id: user?.id ?? '', groupId })
    const { page } = await signIn('deputy')
    expect(seenOn(page)).toMatchObject({ status: 200, title: 'Mobile Authenticator Setup' })
  })
})

describe('any other user', () => {
  it('signs in with the password alone', async () => {
    await addUser('clerk', 'user')
    const { page } = await signIn('clerk')
    expect(redirectOf(page)).toMatchObject(done)
    const { claims } = decode((await exchange(page.location())).access_token)
    expect(claims.realm_access.roles).toContain('user')
    expect(claims.realm_access.roles).not.toContain('admin')
  })

  it('loses the session when a refresh token is used twice', async () => {
    await addUser('robbed', 'user')
    const { page } = await signIn('robbed')
    const { refresh_token } = await exchange(page.location())
    const winner = granted(await refresh(refresh_token))
    const refused = oauthError(400, 'invalid_grant', 'Maximum allowed refresh token reuse exceeded')
    expect(answerOf(await refresh(refresh_token))).toEqual(refused)
    expect((await refresh(winner.refresh_token)).status).toBe(400)
  })

  it('is locked out after five wrong passwords', async () => {
    await addUser('guessed', 'user')
    const [user] = await admin.client.users.find({ username: 'guessed', exact: true })
    const status = async () =>
      (await admin.request(`/${name}/attack-detection/brute-force/users/${user?.id}`)).json()
    for (let failures = 1; failures <= 5; failures++) {
      await new Browser(target.server).login(authUrl(), 'guessed', 'wrong')
      // Keycloak counts in the background; a quick second failure locks at once.
      await expect.poll(async () => (await status()).numFailures, { timeout: 5000 }).toBeGreaterThan(0)
      if ((await status()).disabled) break
    }
    await expect.poll(async () => (await status()).disabled, { timeout: 5000 }).toBe(true)
    const { page } = await signIn('guessed')
    expect(seenOn(page)).toEqual(loginPage('Invalid username or password.'))
  })
})
