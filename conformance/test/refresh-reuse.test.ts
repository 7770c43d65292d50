import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, oauthError } from '../src/expect.ts'
import { granted, refresh, tokensOf } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm({ revokeRefreshToken: true, refreshTokenMaxReuse: 0 })
afterAll(() => realm.close())
beforeAll(() => realm.addUser('alice'))

const refused = (description: string) => oauthError(400, 'invalid_grant', description)

describe('a realm that revokes refresh tokens', () => {
  it('accepts each refresh token once', async () => {
    const first = await tokensOf(realm, 'alice')
    const second = granted(await refresh(realm, first.refresh_token))
    const third = granted(await refresh(realm, second.refresh_token))
    expect(third.session_state).toBe(first.session_state)
  })

  it('gives each chain of refresh tokens a reuse_id', async () => {
    const { claims } = decode((await tokensOf(realm, 'alice')).refresh_token)
    expect(claims.reuse_id).toEqual(expect.any(String))
  })

  it('rejects a used refresh token', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    granted(await refresh(realm, refresh_token))
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(
      refused('Maximum allowed refresh token reuse exceeded'),
    )
  })

  it('ends the client’s session after reuse, including the tokens from the first use', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    const winner = granted(await refresh(realm, refresh_token))
    await refresh(realm, refresh_token)
    expect(answerOf(await refresh(realm, winner.refresh_token))).toEqual(
      refused("Session doesn't have required client"),
    )
    const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: winner.access_token })
    expect(userinfo.status).toBe(401)
    expect(userinfo.headers.get('www-authenticate')).toContain('error_description="user_session_not_found"')
  })

  it('keeps the user’s other sessions', async () => {
    const other = await tokensOf(realm, 'alice')
    const { refresh_token } = await tokensOf(realm, 'alice')
    await refresh(realm, refresh_token)
    await refresh(realm, refresh_token)
    expect((await refresh(realm, other.refresh_token)).status).toBe(200)
  })
})
