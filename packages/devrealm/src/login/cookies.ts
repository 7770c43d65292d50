import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { type AuthorizationRequest, randomToken, seconds } from '../context/index.ts'
import { readPrivate, signPrivate } from '../crypto/index.ts'
import type { UserSession } from '../model/index.ts'
import { liveSession, sessionEnds } from '../oidc/index.ts'
import { type LoginContext, loginIssuer } from './login-context.ts'

/** The names of Keycloak's cookies. */
export const cookies = {
  loginSession: 'AUTH_SESSION_ID',
  loginSessionHash: 'KC_AUTH_SESSION_HASH',
  restart: 'KC_RESTART',
  identity: 'KEYCLOAK_IDENTITY',
  session: 'KEYCLOAK_SESSION',
} as const

/** Reads a cookie of the request; the first one for a duplicate name. */
export function readCookie(request: FastifyRequest, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=')
    if (equals !== -1 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}

/**
 * Sets a cookie for the realm's path. SameSite=None needs Secure, which some browsers reject over plain http. There Lax is
 * enough, because logins are top-level navigations.
 */
function setCookie(
  { request, reply, realm }: LoginContext,
  cookie: { name: string; value: string; httpOnly?: boolean; maxAge?: number },
): void {
  const parts = [
    `${cookie.name}=${cookie.value}`,
    'Version=1',
    `Path=/realms/${encodeURIComponent(realm.info.realm)}/`,
    ...(cookie.maxAge === undefined ? [] : [`Max-Age=${cookie.maxAge}`]),
    ...(request.protocol === 'https' ? ['Secure'] : []),
    ...(cookie.httpOnly === false ? [] : ['HttpOnly']),
    `SameSite=${request.protocol === 'https' ? 'None' : 'Lax'}`,
  ]
  reply.header('set-cookie', parts.join(';'))
}

export function dropCookie(login: LoginContext, name: string): void {
  setCookie(login, { name, value: '', maxAge: 0 })
}

/** Sets the cookie of the login session, and its hash for pages that watch for a login in another tab. */
export function setLoginSession(login: LoginContext, id: string): void {
  setCookie(login, { name: cookies.loginSession, value: id })
  const hash = createHash('sha384').update(id).digest('base64url')
  setCookie(login, {
    name: cookies.loginSessionHash,
    value: hash,
    httpOnly: false,
    maxAge: 60,
  })
}

/** Marks the browser as logged in with a signed cookie for the session; the session must be active. */
export async function setIdentity(login: LoginContext, session: Readonly<UserSession>): Promise<void> {
  const { context, realm } = login
  const now = seconds(context)
  const { max } = sessionEnds(realm.info, session, false)
  const identity = await signPrivate(realm, {
    exp: max,
    iat: now,
    jti: randomToken(16),
    iss: loginIssuer(login),
    sub: session.userId,
    typ: 'Serialized-ID',
    sid: session.id,
    state_checker: randomToken(32),
  })
  setCookie(login, { name: cookies.identity, value: identity })
  const hash = createHash('sha384').update(session.id).digest('base64url')
  setCookie(login, { name: cookies.session, value: hash, httpOnly: false, maxAge: max - now })
}

/** The session of a logged-in browser. */
export async function readIdentity(login: LoginContext): Promise<Readonly<UserSession> | undefined> {
  const { context, request, realm } = login
  const text = readCookie(request, cookies.identity)
  if (text === undefined || text === '') return undefined
  const claims = await readPrivate(realm, text, loginIssuer(login))
  if (claims?.typ !== 'Serialized-ID' || Number(claims.exp) <= seconds(context)) return undefined
  const session = liveSession(realm, claims.sid, seconds(context))
  if (session === undefined || session.userId !== claims.sub) return undefined
  return realm.users.get(session.userId)?.enabled === true ? session : undefined
}

export function dropIdentity(login: LoginContext): void {
  dropCookie(login, cookies.identity)
  dropCookie(login, cookies.session)
}

/** Keeps the request in the browser, so a login page survives a restart. */
export async function setRestart(login: LoginContext, authorization: AuthorizationRequest): Promise<void> {
  const { context, realm } = login
  const value = await signPrivate(realm, {
    iss: loginIssuer(login),
    typ: 'Restart',
    exp: seconds(context) + realm.info.accessCodeLifespanLogin,
    req: authorization,
  })
  setCookie(login, { name: cookies.restart, value })
}

export async function readRestart(login: LoginContext): Promise<AuthorizationRequest | undefined> {
  const { context, request, realm } = login
  const text = readCookie(request, cookies.restart)
  if (text === undefined || text === '') return undefined
  const claims = await readPrivate(realm, text, loginIssuer(login))
  if (claims?.typ !== 'Restart' || Number(claims.exp) <= seconds(context)) return undefined
  return claims.req as AuthorizationRequest
}
