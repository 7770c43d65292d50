import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { token } from '../context/login-state.ts'
import { issuerOf, type RealmContext, seconds } from '../context/realm-context.ts'
import { readPrivate, signPrivate } from '../crypto/tokens.ts'
import type { UserSession } from '../model/index.ts'
import { liveSession, sessionEnds } from '../oidc/sessions.ts'
import type { RealmStore } from '../store/realm-store.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

/** The cookies that Keycloak sets, by their names. */
export const cookies = {
  loginSession: 'AUTH_SESSION_ID',
  loginSessionHash: 'KC_AUTH_SESSION_HASH',
  restart: 'KC_RESTART',
  identity: 'KEYCLOAK_IDENTITY',
  session: 'KEYCLOAK_SESSION',
} as const

/** Reads a cookie of the request; the first, where a name comes twice. */
export function readCookie(request: FastifyRequest, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=')
    if (equals !== -1 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}

/**
 * Sets a cookie for the realm's path. SameSite=None needs Secure, which browsers do not take from plain http everywhere;
 * there Lax serves, because logins are top-level navigations.
 */
function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
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

export function dropCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  name: string,
): void {
  setCookie(request, reply, realm, { name, value: '', maxAge: 0 })
}

/** Names the browser's login session, and gives its hash to pages that watch for a login in another tab. */
export function setLoginSession(
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  id: string,
): void {
  setCookie(request, reply, realm, { name: cookies.loginSession, value: id })
  const hash = createHash('sha384').update(id).digest('base64url')
  setCookie(request, reply, realm, {
    name: cookies.loginSessionHash,
    value: hash,
    httpOnly: false,
    maxAge: 60,
  })
}

/** Marks the browser as logged in: the cookie is signed and names the session, and the session must be alive. */
export async function setIdentity(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  session: Readonly<UserSession>,
): Promise<void> {
  const now = seconds(context)
  const { max } = sessionEnds(realm.info, session, false)
  const identity = await signPrivate(realm, {
    exp: max,
    iat: now,
    jti: token(16),
    iss: issuerOf(context, request, realm),
    sub: session.userId,
    typ: 'Serialized-ID',
    sid: session.id,
    state_checker: token(32),
  })
  setCookie(request, reply, realm, { name: cookies.identity, value: identity })
  const hash = createHash('sha384').update(session.id).digest('base64url')
  setCookie(request, reply, realm, { name: cookies.session, value: hash, httpOnly: false, maxAge: max - now })
}

/** The session of a browser that is logged in. */
export async function readIdentity(
  context: RealmContext,
  request: FastifyRequest,
  realm: RealmStore,
): Promise<Readonly<UserSession> | undefined> {
  const text = readCookie(request, cookies.identity)
  if (text === undefined || text === '') return undefined
  const claims = await readPrivate(realm, text, issuerOf(context, request, realm))
  if (claims?.typ !== 'Serialized-ID' || Number(claims.exp) <= seconds(context)) return undefined
  const session = liveSession(realm, claims.sid, seconds(context))
  if (session === undefined || session.userId !== claims.sub) return undefined
  return realm.users.get(session.userId)?.enabled === true ? session : undefined
}

export function dropIdentity(request: FastifyRequest, reply: FastifyReply, realm: RealmStore): void {
  dropCookie(request, reply, realm, cookies.identity)
  dropCookie(request, reply, realm, cookies.session)
}

/** Keeps the request in the browser, so that a login page outlives this process. */
export async function setRestart(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  realm: RealmStore,
  authorization: AuthorizationRequest,
): Promise<void> {
  const value = await signPrivate(realm, {
    iss: issuerOf(context, request, realm),
    typ: 'Restart',
    exp: seconds(context) + realm.info.accessCodeLifespanLogin,
    req: authorization,
  })
  setCookie(request, reply, realm, { name: cookies.restart, value })
}

export async function readRestart(
  context: RealmContext,
  request: FastifyRequest,
  realm: RealmStore,
): Promise<AuthorizationRequest | undefined> {
  const text = readCookie(request, cookies.restart)
  if (text === undefined || text === '') return undefined
  const claims = await readPrivate(realm, text, issuerOf(context, request, realm))
  if (claims?.typ !== 'Restart' || Number(claims.exp) <= seconds(context)) return undefined
  return claims.req as AuthorizationRequest
}
