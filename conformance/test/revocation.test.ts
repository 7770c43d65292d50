import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json, oauthError } from '../src/expect.ts'
import { appClient, asClient, granted, refresh, tokensOf } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
const revocationUrl = `${realm.oidc}/revoke`
afterAll(() => realm.close())
beforeAll(async () => {
  await realm.addUser('alice')
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'other' })
})

const revoke = (token: string, more: Record<string, string> = appClient) =>
  send(revocationUrl, { form: { token, ...more } })
const userinfo = (bearer: string) => send(`${realm.oidc}/userinfo`, { bearer })

describe('revoking a refresh token', () => {
  it('ends the session with its refresh and access tokens', async () => {
    const first = await tokensOf(realm, 'alice')
    const next = granted(await refresh(realm, first.refresh_token))
    expect(answerOf(await revoke(first.refresh_token))).toEqual(empty(200))
    const gone = oauthError(400, 'invalid_grant', 'Session not active')
    expect(answerOf(await refresh(realm, first.refresh_token))).toEqual(gone)
    expect(answerOf(await refresh(realm, next.refresh_token))).toEqual(gone)
    const reply = await userinfo(next.access_token)
    expect(reply.headers.get('www-authenticate')).toContain('error_description="user_session_not_found"')
  })

  it('keeps the user’s other sessions', async () => {
    const [one, other] = [await tokensOf(realm, 'alice'), await tokensOf(realm, 'alice')]
    await revoke(one.refresh_token)
    expect((await userinfo(other.access_token)).status).toBe(200)
  })

  it('returns invalid_token with status 200 the second time', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    await revoke(refresh_token)
    expect(answerOf(await revoke(refresh_token))).toEqual(oauthError(200, 'invalid_token', 'Invalid token'))
  })

  it('works for a public client', async () => {
    const client = { client_id: 'spa' }
    const tokens = granted(
      await realm.token({ grant_type: 'password', username: 'alice', password: 'alice', ...client }),
    )
    expect(answerOf(await revoke(tokens.refresh_token, client))).toEqual(empty(200))
    expect((await refresh(realm, tokens.refresh_token, { client_id: 'spa' })).status).toBe(400)
  })

  it('ends offline access', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice', { scope: 'openid offline_access' })
    expect(answerOf(await revoke(refresh_token))).toEqual(empty(200))
    const expected = oauthError(400, 'invalid_grant', 'Offline user session not found')
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(expected)
  })
})

describe('revoking an access token', () => {
  it('revokes only this token', async () => {
    const tokens = await tokensOf(realm, 'alice')
    const other = granted(await refresh(realm, tokens.refresh_token))
    expect(answerOf(await revoke(tokens.access_token))).toEqual(empty(200))
    const reply = await userinfo(tokens.access_token)
    expect(reply.headers.get('www-authenticate')).toBe(
      `Bearer realm="${realm.name}", error="invalid_token", error_description="Token verification failed"`,
    )
    expect((await userinfo(other.access_token)).status).toBe(200)
    expect((await refresh(realm, tokens.refresh_token)).status).toBe(200)
  })

  it('ignores an unknown token_type_hint', async () => {
    const { access_token } = await tokensOf(realm, 'alice')
    expect(answerOf(await revoke(access_token, { ...appClient, token_type_hint: 'nope' }))).toEqual(
      empty(200),
    )
    expect((await userinfo(access_token)).status).toBe(401)
  })
})

describe('revoking is rejected', () => {
  it('for an unknown token, with status 200', async () => {
    expect(answerOf(await revoke('junk'))).toEqual(oauthError(200, 'invalid_token', 'Invalid token'))
  })

  it.each(['access_token', 'refresh_token'])('for a token of another client: %s', async (kind) => {
    const tokens = await tokensOf(realm, 'alice')
    const reply = await revoke(tokens[kind], asClient('other'))
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Unmatching clients'))
    expect((await userinfo(tokens.access_token)).status).toBe(200)
  })

  it('for an ID token', async () => {
    const { id_token } = await tokensOf(realm, 'alice')
    const expected = oauthError(400, 'unsupported_token_type', 'Unsupported token type')
    expect(answerOf(await revoke(id_token))).toEqual(expected)
  })

  it('without a token', async () => {
    const reply = await send(revocationUrl, { form: appClient })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Token not provided'))
  })

  it('without a client', async () => {
    const { access_token } = await tokensOf(realm, 'alice')
    const expected = oauthError(401, 'invalid_client', 'Invalid client or Invalid client credentials')
    expect(answerOf(await revoke(access_token, {}))).toEqual(expected)
  })

  it('by GET', async () => {
    expect(answerOf(await send(revocationUrl))).toEqual(json(405, { error: 'HTTP 405 Method Not Allowed' }))
  })
})
