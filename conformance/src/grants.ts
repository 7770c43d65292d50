import { createHash } from 'node:crypto'
import type { Browser } from './browser.ts'
import type { Json, Reply } from './http.ts'
import { appSecret, callbackUrl, type TestRealm } from './realm.ts'

/** How the confidential client `app` names itself in a form. */
export const appClient: { client_id: string; client_secret: string } = {
  client_id: 'app',
  client_secret: appSecret,
}

/** Another client with the same secret. */
export function asClient(client_id: string): { client_id: string; client_secret: string } {
  return { client_id, client_secret: appSecret }
}

/** A password grant of this user, whose password is the user name, as the client `app`. */
export function password(username: string, more: Record<string, string> = {}): Record<string, string> {
  return { grant_type: 'password', username, password: username, scope: 'openid', ...appClient, ...more }
}

/** The tokens of a user. @throws when the request was rejected. */
export async function tokensOf(
  realm: TestRealm,
  username: string,
  more: Record<string, string> = {},
): Promise<Json> {
  return granted(await realm.token(password(username, more)))
}

/** The body of a token response. @throws when the request was rejected. */
export function granted(reply: Reply): Json {
  if (reply.status !== 200) throw new Error(`no tokens: ${reply.status} ${reply.text}`)
  return reply.json()
}

/** Refreshes as the client `app`, or as another. */
export function refresh(
  realm: TestRealm,
  refresh_token: string,
  more: Record<string, string> = {},
): Promise<Reply> {
  return realm.token({ grant_type: 'refresh_token', refresh_token, ...appClient, ...more })
}

/** Signs a user in through the login page. Returns the code. */
export async function codeOf(
  realm: TestRealm,
  username: string,
  parameters: Record<string, string> = {},
  browser: Browser = realm.browser(),
): Promise<string> {
  const page = await browser.login(realm.authUrl(parameters), username, username)
  return page.location().searchParams.get('code') ?? ''
}

/** Exchanges a code as the client `app`, or as another. */
export function exchange(realm: TestRealm, code: string, more: Record<string, string> = {}): Promise<Reply> {
  return realm.token({
    grant_type: 'authorization_code',
    redirect_uri: callbackUrl,
    code,
    ...appClient,
    ...more,
  })
}

/** The S256 challenge of a verifier (RFC 7636). */
export function challengeOf(verifier: string): { code_challenge: string; code_challenge_method: string } {
  return {
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
}
