import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { AdminOptions, Caller } from './admin/index.ts'
import { baseUrl, issuerOf, type RealmContext, seconds } from './context.ts'
import { readLiveToken } from './oidc/live-token.ts'
import { rolesInScope } from './oidc/roles.ts'
import { grantScope, restoreScope } from './oidc/scopes.ts'
import { newSession } from './oidc/sessions.ts'
import { type Grant, mappedClaims } from './oidc/tokens.ts'
import type { RealmStore } from './store/realm-store.ts'

/** What the Admin API takes from the OpenID Connect side: who calls, what ends with a session, what a token would hold. */
export function adminOptions(context: RealmContext): AdminOptions {
  return {
    store: context.store,
    authenticate: (token, request) => authenticate(context, token, request),
    endSessions: async (realm, sessions) => {
      for (const { id } of sessions) {
        realm.sessions.delete(id)
        realm.offlineSessions.delete(id)
      }
    },
    loginFailures: {
      of: (_realm, userId) => failuresOf(context, userId),
      clear: (realm, userId) => {
        const ids = userId === undefined ? realm.users.values().map((user) => user.id) : [userId]
        for (const id of ids) context.logins.clearFailures(id)
      },
    },
    exampleToken: (...example) => exampleToken(context, ...example),
    baseUrl: (request) => baseUrl(context, request),
  }
}

async function authenticate(
  context: RealmContext,
  token: string,
  request: FastifyRequest,
): Promise<Caller | undefined> {
  const realm = realmOfToken(context, token, request)
  if (realm === undefined) return undefined
  const live = await readLiveToken(realm, token, issuerOf(context, request, realm), seconds(context))
  if ('reason' in live) return undefined
  const { client, user } = live
  const scope = restoreScope(realm, client, live.clientSession?.scope ?? String(live.claims.scope ?? ''))
  const roles = rolesInScope(realm, user, client, scope.clientScopes)
  return { realm, client, user, roles: new Set(roles.map((role) => role.id)) }
}

/** Reads the issuer without trust: it only chooses the realm whose key then proves it. */
function realmOfToken(context: RealmContext, token: string, request: FastifyRequest): RealmStore | undefined {
  let issuer: unknown
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    issuer = (JSON.parse(text) as { iss?: unknown } | null)?.iss
  } catch {
    return undefined
  }
  return context.store.realms().find((realm) => issuerOf(context, request, realm) === issuer)
}

async function exampleToken(
  context: RealmContext,
  ...[realm, client, user, kind, scope, request]: Parameters<AdminOptions['exampleToken']>
): Promise<Record<string, unknown>> {
  const now = seconds(context)
  const session = newSession(user, request.ip, now)
  const grant: Grant = {
    realm,
    issuer: issuerOf(context, request, realm),
    base: baseUrl(context, request),
    client,
    user,
    scope: grantScope(realm, client, scope || undefined),
    now,
    type: 'ro',
    session,
  }
  if (kind === 'userinfo') return mappedClaims(grant, 'userinfo', { sub: user.id }).toClaims()
  const isIdToken = kind === 'id-token'
  const base = {
    exp: now + realm.info.accessTokenLifespan,
    iat: now,
    jti: isIdToken ? randomUUID() : `onrtna:${randomUUID()}`,
    iss: grant.issuer,
    sub: isIdToken ? user.id : undefined,
    typ: isIdToken ? 'ID' : 'Bearer',
    azp: client.clientId,
    sid: session.id,
    scope: isIdToken ? undefined : grant.scope.text,
  }
  const target = isIdToken ? 'id' : 'access'
  return mappedClaims(grant, target, base, isIdToken ? client.clientId : undefined).toClaims()
}

function failuresOf(context: RealmContext, userId: string): Record<string, unknown> {
  const failures = context.logins.failures(userId)
  return {
    failedLoginNotBefore: Math.floor((failures?.notBefore ?? 0) / 1000),
    numFailures: failures?.count ?? 0,
    numTemporaryLockouts: failures?.temporaryLockouts ?? 0,
    disabled: failures !== undefined && context.now() < failures.notBefore,
    numSecondaryAuthFailures: 0,
    lastIPFailure: failures?.lastIp ?? 'n/a',
    lastFailure: failures?.lastFailure ?? 0,
  }
}
