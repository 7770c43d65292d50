import type { KeyObject } from 'node:crypto'
import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { CloakwrightError } from '../errors.ts'
import { beginningOf } from '../http/index.ts'
import { isIdentifier } from '../identifier.ts'
import { algorithms } from '../jws/index.ts'
import { createKeySet } from '../keys/index.ts'
import { sha256 } from '../sealing.ts'
import type { RevokedBy } from '../state/index.ts'
import type { SessionContext } from './context.ts'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds after `iat` until which a logout token is accepted: Keycloak sends it at once. */
const maxTokenAge = 120
/** Bytes; a longer form is cut off, and its token does not verify. */
const maxForm = 64 * 1024
const headerTypes = new Set(['logout+jwt', 'jwt'])

/** Receives the realm's notice that a session, or all sessions of a user, have ended. */
export type BackChannelLogout = (request: Request) => Promise<Response>

/**
 * Creates the endpoint that the realm calls (OpenID Connect Back-Channel Logout 1.0). The sessions are removed first, then
 * the token's id is stored: if the store fails in between, the realm can try again. A logout of a
 * whole user does not affect sessions that began after it, whenever it arrives.
 */
export function createBackChannelLogout(context: SessionContext): BackChannelLogout {
  const { config, hooks, report, revocations, store, watchers } = context
  const { clockTolerance } = config
  const verify = createTokenCheck(context)
  /**
   * A user may sign in again in the second of the logout: those sessions continue. If the token arrives late, so do
   * those from before its arrival.
   */
  const endOf = (iat: number): number => Math.min(config.now(), (iat + 1 + clockTolerance) * 1000)

  return async (request) => {
    try {
      const { sid, sub, iat, jti } = await verify(await readToken(request))
      const by = sid === undefined ? { subject: sub ?? '', createdBefore: endOf(iat) } : { sid }
      const removed = await store.removeWhere(config, by)
      watchers.tell(by)
      await revocations?.revoke(config.issuer, sid === undefined ? ofUser(sub, iat) : { sid })
      const expiresAt = (iat + maxTokenAge + clockTolerance) * 1000
      const id = sha256(`logout ${config.issuer} ${jti}`)
      if (!(await store.useOnce(id, expiresAt, config.now()))) throw refused('it was used before')
      await Promise.all(removed.map((session) => hooks.logout(session, 'realm')))
      return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
    } catch (error) {
      if (!(error instanceof CloakwrightError) || error.code !== 'CW_LOGOUT_TOKEN') throw error
      report(error)
      const body = JSON.stringify({ error: 'invalid_request', error_description: error.message })
      const headers = { 'cache-control': 'no-store', 'content-type': 'application/json' }
      return new Response(body, { status: error.status, headers })
    }
  }
}

/** Both times come from the realm, so clocks need not be compared. */
function ofUser(subject: string | undefined, iat: number): RevokedBy {
  return { subject: subject ?? '', issuedUntil: Math.floor(iat) }
}

async function readToken(request: Request): Promise<string> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw refused('the request is not a form')
  const tokens = new URLSearchParams(await beginningOf(request.body, maxForm)).getAll('logout_token')
  if (tokens.length !== 1 || tokens[0] === undefined) throw refused('the form needs one logout_token')
  return tokens[0]
}

interface LogoutToken {
  readonly sid: string | undefined
  readonly sub: string | undefined
  readonly iat: number
  readonly jti: string
}

function createTokenCheck({ config, provider }: SessionContext): (token: string) => Promise<LogoutToken> {
  const { clockTolerance, fetch, now, timeout } = config
  // Like a verifier: a logout signed with a new key waits for the next fetch, since the realm sends it only once.
  const keys = createKeySet({
    metadata: provider.metadata,
    fetch,
    now,
    timeout,
    coolDown: 1_000,
    maxAge: 300_000,
    onRemoved: () => {},
    onError: () => {},
  })
  const keyOf = async ({ alg, kid = '' }: JWTHeaderParameters): Promise<KeyObject> => {
    keys.keepFresh(now())
    const key = keys.get(kid) ?? (await keys.find(kid))
    if (key === undefined || !(key.algorithms as readonly string[]).includes(alg))
      throw new errors.JWKSNoMatchingKey()
    return key.publicKey
  }

  return async (token) => {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keyOf, {
        issuer: config.issuer,
        audience: config.clientId,
        algorithms: [...algorithms],
        clockTolerance,
        maxTokenAge,
        currentDate: new Date(now()),
        requiredClaims: ['jti', 'iat', 'events'],
      })
      if (!headerTypes.has(protectedHeader.typ?.toLowerCase() ?? ''))
        throw refused('its header’s typ is not logout+jwt')
      return toLogoutToken(payload)
    } catch (error) {
      throw toRefusal(error)
    }
  }
}

function toLogoutToken(payload: JWTPayload): LogoutToken {
  const { sid, sub, iat, jti, events, nonce, typ } = payload
  const event: unknown =
    typeof events === 'object' && events !== null && Object.hasOwn(events, logoutEvent)
      ? (events as Record<string, unknown>)[logoutEvent]
      : undefined
  if (typeof event !== 'object' || event === null) throw refused('it has no logout event')
  if (nonce !== undefined) throw refused('it has a nonce, so it is an ID token')
  // Keycloak puts the kind into each of its tokens; the specification does not require it.
  if (typ !== undefined && typ !== 'Logout') throw refused('it is a token of another kind')
  if (!isIdentifier(jti) || iat === undefined)
    throw refused('its jti is missing, too long or not a plain string')
  const named = [sid, sub].filter((value) => value !== undefined)
  if (named.length === 0) throw refused('it has neither a session (sid) nor a user (sub)')
  if (!named.every(isIdentifier)) throw refused('its sid or sub is too long or not a plain string')
  return { sid: sid as string | undefined, sub, iat, jti }
}

/** Distinguishes an invalid token from keys that could not be fetched. Messages of jose contain names of claims, no values. */
function toRefusal(error: unknown): unknown {
  if (error instanceof CloakwrightError) return error
  return error instanceof errors.JOSEError ? refused(`it failed a check (${error.code})`, error) : error
}

function refused(why: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_LOGOUT_TOKEN', `Logout token: ${why}`, {
    cause,
    hint: 'Compare issuer, client and clocks if the realm sent it. Only the realm calls this URL.',
  })
}
