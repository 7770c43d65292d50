import { randomUUID } from 'node:crypto'
import { type AccessToken, CloakwrightError, createRevocations } from 'cloakwright'
import { memorySessionStore } from 'cloakwright/state'
import { type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { makeKey } from '../support/issuer.ts'
import { clientId, startProvider, type TestProvider } from './support/provider.ts'
import { newKey, publicUrl, sessionOf, setup } from './support/setup.ts'

const address = `${publicUrl}/auth/backchannel-logout`
/** Claims to change; undefined ones are omitted. */
type Claims = Record<string, unknown>

const event = 'http://schemas.openid.net/event/backchannel-logout'

describe('back-channel logout', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  const claimsOf = (changes: Claims = {}): JWTPayload => {
    const iat = Math.floor(Date.now() / 1000)
    const named = { sid: 'sid-alice', sub: 'sub-alice', events: { [event]: {} }, typ: 'Logout' }
    return {
      iss: provider.issuer,
      aud: clientId,
      iat,
      exp: iat + 120,
      jti: randomUUID(),
      ...named,
      ...changes,
    }
  }
  const tokenOf = (changes: Claims = {}, header: Record<string, string> = {}): Promise<string> =>
    provider.sign(claimsOf(changes), { typ: 'logout+jwt', ...header })
  const call = (token: string): Request =>
    new Request(address, { method: 'POST', body: new URLSearchParams({ logout_token: token }) })

  it.each<[string, Claims, Record<string, string>]>([
    ['a session', {}, {}],
    ['a session, without the user', { sub: undefined }, {}],
    ['every session of a user', { sid: undefined }, {}],
    ['a session, as older versions of Keycloak say it', { exp: undefined }, { typ: 'JWT' }],
  ])('ends %s', async (_, changes, header) => {
    const { sessions, signIn } = setup(provider)
    const alice = await signIn()
    provider.user = 'bob'
    const bob = await signIn()
    const response = await sessions.handle(call(await tokenOf(changes, header)))
    expect([response?.status, response?.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await sessionOf(alice)).toBeUndefined()
    expect(await sessionOf(bob)).toBeDefined()
  })

  it('does not read an endless form', async () => {
    const { sessions } = setup(provider)
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(to) {
        if ((sent += 65_536) > 2 ** 24) to.close()
        else to.enqueue(new Uint8Array(65_536).fill(97))
      },
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const request = new Request(address, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
    expect((await sessions.handle(request))?.status).toBe(400)
    expect(sent).toBeLessThan(2 ** 20)
  })

  it.each<[string, Claims, string, string]>([
    ['a session', {}, 'sid-alice', 'anyone'],
    ['every session of a user', { sid: undefined }, 'any', 'sub-alice'],
  ])('revokes the access tokens of %s', async (_, changes, sid, subject) => {
    const revocations = createRevocations()
    const { sessions } = setup(provider, { revocations })
    const iat = Math.floor(Date.now() / 1000)
    const token = (issuedAt: number): AccessToken =>
      toAccessToken(
        { sid },
        { issuer: provider.issuer, subject, binding: undefined, notBefore: 0, issuedAt, expiresAt: iat + 60 },
      )
    expect(revocations.isRevoked(token(iat), provider.issuer)).toBe(false)
    expect((await sessions.handle(call(await tokenOf({ iat, ...changes }))))?.status).toBe(200)
    expect(revocations.isRevoked(token(iat), provider.issuer)).toBe(true)
    // A later login of the user continues; an ended session has no user.
    expect(revocations.isRevoked(token(iat + 1), provider.issuer)).toBe(sid === 'sid-alice')
  })

  it('ends the session on a replica that never saw the login', async () => {
    const options = { store: memorySessionStore(), keys: [newKey('k1')] }
    const browser = await setup(provider, options).signIn()
    const response = await setup(provider, options).sessions.handle(call(await tokenOf()))
    expect(response?.status).toBe(200)
    expect(await sessionOf(browser)).toBeUndefined()
  })

  const hour = 3600
  const now = Math.floor(Date.now() / 1000)
  it.each<[string, Claims, Record<string, string>?]>([
    ['another issuer', { iss: 'https://evil.example/realms/test' }],
    ['another audience', { aud: 'account' }],
    ['no event', { events: undefined }],
    ['another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    ['an event that is not an object', { events: { [event]: true } }],
    ['a nonce', { nonce: 'n' }],
    ['neither sid nor sub', { sid: undefined, sub: undefined }],
    ['a sid that is not a string', { sid: 7 }],
    ['a sid with a NUL', { sid: 'sid-alice\0' }],
    ['a sub with a NUL', { sid: undefined, sub: 'sub-alice\0' }],
    ['half a character in its sub', { sub: 'sub-alice\ud800' }],
    ['a sid that is too long', { sid: 's'.repeat(1025) }],
    ['a sub that is too long', { sid: undefined, sub: 's'.repeat(1025) }],
    ['a jti with a NUL', { jti: 'j\0' }],
    ['no jti', { jti: undefined }],
    ['an end that has passed', { exp: now - hour }],
    ['an old beginning', { iat: now - hour, exp: now + hour }],
    ['a beginning to come', { iat: now + hour, exp: now + 2 * hour }],
    ['the type of an ID token', { typ: 'ID' }],
    ['the header of an access token', {}, { typ: 'at+jwt' }],
  ])('refuses a token with %s, and the session continues', async (_, changes, header = {}) => {
    const { errors, sessions, signIn } = setup(provider)
    const browser = await signIn()
    const response = await sessions.handle(call(await tokenOf(changes, header)))
    expect([response?.status, response?.headers.get('cache-control')]).toEqual([400, 'no-store'])
    expect(errors).toMatchObject([{ code: 'CW_LOGOUT_TOKEN' }])
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('refuses a token that the realm did not sign', async () => {
    const { sessions, signIn } = setup(provider)
    const browser = await signIn()
    const { privateKey } = makeKey('k')
    const header = { alg: 'RS256', kid: 'k', typ: 'logout+jwt' }
    const forged = await new SignJWT(claimsOf()).setProtectedHeader(header).sign(privateKey)
    const symmetric = await new SignJWT(claimsOf())
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(new TextEncoder().encode('x'.repeat(32)))
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const none = `${encode({ alg: 'none', typ: 'logout+jwt' })}.${encode(claimsOf())}.`
    for (const token of [forged, symmetric, none, 'x', ''])
      expect((await sessions.handle(call(token)))?.status).toBe(400)
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('accepts a token signed with a new key, also right after an unknown key', async () => {
    const { sessions, signIn } = setup(provider)
    const browser = await signIn()
    expect((await sessions.handle(call(await tokenOf({}, { kid: 'none' }))))?.status).toBe(400)
    await provider.rotate()
    expect((await sessions.handle(call(await tokenOf())))?.status).toBe(200)
    expect(await sessionOf(browser)).toBeUndefined()
  })

  it('accepts each token once, and does not affect users who signed in after it', async () => {
    const { sessions, signIn } = setup(provider)
    const old = Math.floor(Date.now() / 1000) - 60
    const token = await tokenOf({ sid: undefined, iat: old })
    const browser = await signIn()
    expect((await sessions.handle(call(token)))?.status).toBe(200)
    expect((await sessions.handle(call(token)))?.status).toBe(400)
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('ends every session of the user up to its arrival, and none that begins in the same second', async () => {
    const revocations = createRevocations()
    const { clock, sessions, signIn } = setup(provider, { revocations })
    const middle = Math.floor(Date.now() / 1000) * 1000 + 1500
    clock.stopAt(middle - 300)
    const before = await signIn()
    clock.stopAt(middle)
    const token = await tokenOf({ sid: undefined, iat: Math.floor(middle / 1000), exp: undefined })
    expect((await sessions.handle(call(token)))?.status).toBe(200)
    clock.stopAt(middle + 200)
    const after = await signIn()
    expect(await sessionOf(before)).toBeUndefined()
    const session = (await sessionOf(after)) as { createdAt: number } | undefined
    expect(session?.createdAt).toBe(middle + 200)
    const issued = Math.floor(middle / 1000)
    const accessToken = toAccessToken(
      { sid: 's' },
      {
        issuer: provider.issuer,
        subject: 'sub-alice',
        binding: undefined,
        notBefore: 0,
        issuedAt: issued,
        expiresAt: issued + 300,
      },
    )
    expect(revocations.isRevoked(accessToken, provider.issuer)).toBe(true)
    expect(revocations.isRevoked(accessToken, provider.issuer, (session?.createdAt ?? 0) / 1000)).toBe(false)
  })

  it.each<[string, RequestInit, number]>([
    ['GET', { method: 'GET' }, 405],
    ['JSON', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, 400],
    ['an empty form', { method: 'POST', body: new URLSearchParams() }, 400],
    ['two tokens', { method: 'POST', body: new URLSearchParams('logout_token=a&logout_token=b') }, 400],
  ])('refuses %s', async (_, init, status) => {
    const { sessions } = setup(provider)
    expect((await sessions.handle(new Request(address, init)))?.status).toBe(status)
  })

  it('lets the realm try again if the store was down, or the keys could not be fetched', async () => {
    const store = memorySessionStore()
    let down = true
    const removeWhere: typeof store.removeWhere = async (...of) => {
      if (down) throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'down')
      return await store.removeWhere(...of)
    }
    const { sessions, signIn } = setup(provider, { store: { ...store, removeWhere } })
    const browser = await signIn()
    const token = await tokenOf()
    await expect(sessions.handle(call(token))).rejects.toMatchObject({
      code: 'CW_STATE_UNAVAILABLE',
      status: 503,
    })
    down = false
    provider.down = 'all'
    const { sessions: other } = setup(provider)
    await expect(other.handle(call(token))).rejects.toMatchObject({ status: 503 })
    provider.down = undefined
    expect((await sessions.handle(call(token)))?.status).toBe(200)
    expect(await sessionOf(browser)).toBeUndefined()
  })
})
