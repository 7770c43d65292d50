import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { baseUrl, issuerOf, type RealmContext, seconds } from '../../context/realm-context.ts'
import type { Claims } from '../../crypto/tokens.ts'
import type { Client, User } from '../../model/index.ts'
import { grantScope } from '../../oidc/scopes.ts'
import { newSession } from '../../oidc/sessions.ts'
import { type Grant, mappedClaims } from '../../oidc/tokens/tokens.ts'
import type { RealmStore } from '../../store/realm-store.ts'

/** Whose token, and which. */
export interface Example {
  readonly realm: RealmStore
  readonly client: Readonly<Client>
  readonly user: Readonly<User>
  readonly kind: 'access-token' | 'id-token' | 'userinfo'
  readonly scope: string | undefined
}

/** The claims that a token would hold, had the user just logged in to the client: a proof of mappers without a login. */
export function exampleClaims(context: RealmContext, request: FastifyRequest, example: Example): Claims {
  const { realm, client, user, kind } = example
  const now = seconds(context)
  const session = newSession(user, request.ip, now)
  const grant: Grant = {
    realm,
    issuer: issuerOf(context, request, realm),
    base: baseUrl(context, request),
    client,
    user,
    scope: grantScope(realm, client, example.scope || undefined),
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
    ...(isIdToken ? { sub: user.id } : {}),
    typ: isIdToken ? 'ID' : 'Bearer',
    azp: client.clientId,
    sid: session.id,
    ...(isIdToken ? {} : { scope: grant.scope.text }),
  }
  const target = isIdToken ? 'id' : 'access'
  return mappedClaims(grant, target, base, isIdToken ? client.clientId : undefined).toClaims()
}
