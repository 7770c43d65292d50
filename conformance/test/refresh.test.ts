import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, loginPage, oauthError, seenOn } from '../src/expect.ts'
import { appClient, asClient, codeOf, exchange, granted, password, refresh, tokensOf } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())
let alice: string
beforeAll(async () => {
  alice = await realm.addUser('alice')
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'other' })
})

const refused = (description: string) => oauthError(400, 'invalid_grant', description)
const logout = (refresh_token: string) =>
  send(`${realm.oidc}/logout`, { form: { ...appClient, refresh_token } })

describe('refreshing', () => {
  it('returns the same fields as the first grant, in the same session', async () => {
    const first = await tokensOf(realm, 'alice')
    const reply = await refresh(realm, first.refresh_token)
    const next = granted(reply)
    expect(Object.keys(next)).toEqual(Object.keys(first))
    expect(next.session_state).toBe(first.session_state)
    expect(next.refresh_token).not.toBe(first.refresh_token)
    expect([reply.headers.get('cache-control'), reply.headers.get('pragma')]).toEqual([
      'no-store',
      'no-cache',
    ])
    expect(decode(next.access_token).claims.jti).toMatch(/^onrtrt:/)
  })

  it('keeps the scopes, even if more are requested', async () => {
    const first = await tokensOf(realm, 'alice')
    const next = granted(await refresh(realm, first.refresh_token, { scope: 'openid phone' }))
    expect(next.scope.split(' ').toSorted()).toEqual(first.scope.split(' ').toSorted())
  })

  it('accepts an old refresh token again: they are not revoked by default', async () => {
    const first = await tokensOf(realm, 'alice')
    granted(await refresh(realm, first.refresh_token))
    expect((await refresh(realm, first.refresh_token)).status).toBe(200)
  })

  it('works for a public client', async () => {
    const { refresh_token } = granted(
      await realm.token({ grant_type: 'password', username: 'alice', password: 'alice', client_id: 'spa' }),
    )
    const reply = await realm.token({ grant_type: 'refresh_token', client_id: 'spa', refresh_token })
    expect(decode(granted(reply).access_token).claims.azp).toBe('spa')
  })

  it('includes a role that was added in the meantime', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    const role = (await realm.api('/roles/admin')).json()
    await realm.api(`/users/${alice}/role-mappings/realm`, { json: [role] })
    const { access_token } = granted(await refresh(realm, refresh_token))
    expect(decode(access_token).claims.realm_access.roles).toContain('admin')
  })
})

describe('refreshing is rejected', () => {
  it.each<[string, (tokens: Record<string, string>) => string | undefined]>([
    ['junk', () => 'junk'],
    ['a malformed JWT', () => 'a.b.c'],
    ['an access token', ({ access_token }) => access_token],
    ['an ID token', ({ id_token }) => id_token],
    ['a tampered token', ({ refresh_token }) => `${refresh_token?.slice(0, -4)}AAAA`],
    ['an unsigned token', ({ refresh_token }) => unsigned(refresh_token ?? '')],
  ])('for %s', async (_, of) => {
    const reply = await refresh(realm, of(await tokensOf(realm, 'alice')) ?? '')
    expect(answerOf(reply)).toEqual(refused('Invalid refresh token'))
  })

  it('without a token', async () => {
    const reply = await realm.token({ grant_type: 'refresh_token', ...appClient })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'No refresh token'))
  })

  it.each([
    ['a confidential client', asClient('other')],
    ['a public client', { client_id: 'spa' }],
  ])('for a token of another client: %s', async (_, client) => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    const reply = await realm.token({ grant_type: 'refresh_token', refresh_token, ...client })
    expect(answerOf(reply)).toEqual(
      refused("Invalid refresh token. Token client and authorized client don't match"),
    )
  })

  it('without the client secret', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    const reply = await realm.token({ grant_type: 'refresh_token', refresh_token, client_id: 'app' })
    const expected = oauthError(401, 'unauthorized_client', 'Invalid client or Invalid client credentials')
    expect(answerOf(reply)).toEqual(expected)
  })

  it('after logout', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    await logout(refresh_token)
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(refused('Session not active'))
  })

  it('after an administrator deleted the session', async () => {
    const { refresh_token, session_state } = await tokensOf(realm, 'alice')
    expect((await realm.api(`/sessions/${session_state}`, { method: 'DELETE' })).status).toBe(204)
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(refused('Session not active'))
  })

  it('for a disabled user', async () => {
    const id = await realm.addUser('disabled-later')
    const { refresh_token, access_token } = await tokensOf(realm, 'disabled-later')
    await realm.api(`/users/${id}`, { method: 'PUT', json: { enabled: false } })
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(refused('User disabled'))
    const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: access_token })
    expect(userinfo.headers.get('www-authenticate')).toContain('error_description="User disabled"')
  })

  it('for a deleted user', async () => {
    const id = await realm.addUser('deleted-later')
    const { refresh_token } = await tokensOf(realm, 'deleted-later')
    await realm.api(`/users/${id}`, { method: 'DELETE' })
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(refused('Session not active'))
  })

  it('for a token of another realm', async () => {
    const { username, password } = realm.target.admin
    const form = { grant_type: 'password', client_id: 'admin-cli', username, password }
    const master = await send(`${realm.target.server}/realms/master/protocol/openid-connect/token`, { form })
    expect(answerOf(await refresh(realm, granted(master).refresh_token))).toEqual(
      refused('Invalid refresh token'),
    )
  })
})

describe('offline access', () => {
  const OFFLINE = { scope: 'openid offline_access' }

  it('refreshes, and stays offline', async () => {
    const first = await tokensOf(realm, 'alice', OFFLINE)
    const next = granted(await refresh(realm, first.refresh_token))
    expect(next.refresh_expires_in).toBe(0)
    expect(decode(next.refresh_token).claims.typ).toBe('Offline')
    expect(decode(next.access_token).claims.jti).toMatch(/^ofrtrt:/)
  })

  it('leaves no online session after a password grant', async () => {
    const id = await realm.addUser('offline-only')
    await tokensOf(realm, 'offline-only', OFFLINE)
    expect((await realm.api(`/users/${id}/sessions`)).json()).toEqual([])
  })

  it('leaves no online session after a login for it, not even of other clients', async () => {
    const id = await realm.addUser('offline-login')
    const browser = realm.browser()
    const code = await codeOf(realm, 'offline-login', OFFLINE, browser)
    await browser.open(realm.authUrl({ client_id: 'other' }))
    const tokens = granted(await exchange(realm, code))
    expect((await realm.api(`/users/${id}/sessions`)).json()).toEqual([])
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
    expect((await send(`${realm.oidc}/userinfo`, { bearer: tokens.access_token })).status).toBe(200)
    expect((await refresh(realm, tokens.refresh_token)).status).toBe(200)
  })

  it('keeps the session of an earlier login', async () => {
    const id = await realm.addUser('online-login')
    const browser = realm.browser()
    await codeOf(realm, 'online-login', {}, browser)
    const page = await browser.open(realm.authUrl(OFFLINE))
    granted(await exchange(realm, page.location().searchParams.get('code') ?? ''))
    expect((await realm.api(`/users/${id}/sessions`)).json()).toHaveLength(1)
    expect((await browser.open(realm.authUrl())).status).toBe(302)
  })

  it('keeps the session if the user may not have it', async () => {
    const id = await realm.addUser('online-only')
    const mappings = `/users/${id}/role-mappings/realm`
    const roles = (await realm.api(mappings)).json()
    await realm.api(mappings, { method: 'DELETE', json: roles })
    const code = await codeOf(realm, 'online-only', OFFLINE)
    const notAllowed = oauthError(400, 'not_allowed', 'Offline tokens not allowed for the user or client')
    expect(answerOf(await exchange(realm, code))).toEqual(notAllowed)
    expect(answerOf(await realm.token(password('online-only', OFFLINE)))).toEqual(notAllowed)
    expect((await realm.api(`/users/${id}/sessions`)).json()).toHaveLength(1)
  })

  it('ends when an administrator logs the user out', async () => {
    const id = await realm.addUser('logged-out')
    const { refresh_token } = await tokensOf(realm, 'logged-out', OFFLINE)
    // Not-before counts in seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100))
    expect((await realm.api(`/users/${id}/logout`, { method: 'POST' })).status).toBe(204)
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(refused('Stale token'))
  })

  it('ends with its own logout', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice', OFFLINE)
    expect((await logout(refresh_token)).status).toBe(204)
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(refused('Offline user session not found'))
  })

  it('outlives the logout of the user’s other sessions', async () => {
    const offline = await tokensOf(realm, 'alice', OFFLINE)
    const { refresh_token } = await tokensOf(realm, 'alice')
    await logout(refresh_token)
    expect((await refresh(realm, offline.refresh_token)).status).toBe(200)
  })
})

function unsigned(token: string): string {
  const [, claims = ''] = token.split('.')
  return `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${claims}.`
}
