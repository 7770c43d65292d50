import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { baseUrl, issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import type { Client, User } from '../../model/index.ts'
import { type Grant, grantScope, mappedClaims, newSession } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { notFound } from '../errors.ts'
import { needs, ok, type Resource } from '../request/index.ts'

/** The content of a token without a login: `/clients/{id}/evaluate-scopes`. */
export function evaluateScopesRoutes(one: Resource<Readonly<Client>>): void {
  one.get('/evaluate-scopes/protocol-mappers', needs.viewClients, ({ realm, found, query }) => {
    const asked = query.text('scope')?.split(' ') ?? []
    const optional = found.optionalClientScopes.filter((name) => asked.includes(name))
    const scopes = [...found.defaultClientScopes, ...optional]
      .map((name) => realm.scopeByName.get(name))
      .filter((scope) => scope !== undefined)
      .map((scope) => ({ ...scope, containerType: 'client-scope' }))
    const containers = [...scopes, { ...found, name: found.name ?? '', containerType: 'client' }]
    const shown = containers.flatMap(({ id, name, containerType, protocolMappers = [] }) =>
      protocolMappers.map((mapper) => ({
        mapperId: mapper.id,
        mapperName: mapper.name,
        containerId: id,
        containerName: name,
        containerType,
        protocolMapper: mapper.protocolMapper,
      })),
    )
    return ok(shown)
  })
  for (const kind of ['access-token', 'id-token', 'userinfo'] as const) {
    one.get(`/evaluate-scopes/generate-example-${kind}`, needs.evaluateScopes, (call) => {
      const { context, realm, found: client, query, request } = call
      const userId = query.text('userId')
      if (userId === undefined || userId === '') throw notFound('No userId provided')
      const user = realm.users.get(userId)
      if (user === undefined) throw notFound('No user found')
      return ok(exampleClaims(context, request, { realm, client, user, kind, scope: query.text('scope') }))
    })
  }
}

/** The user and the kind of the token. */
interface Example {
  readonly realm: RealmStore
  readonly client: Readonly<Client>
  readonly user: Readonly<User>
  readonly kind: 'access-token' | 'id-token' | 'userinfo'
  readonly scope: string | undefined
}

/** The claims that a token would have right after a login of the user to the client, to test mappers. */
function exampleClaims(context: RealmContext, request: FastifyRequest, example: Example): Claims {
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
    jkt: undefined,
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
