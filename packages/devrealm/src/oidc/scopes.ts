import type { Client, ClientScope } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { OidcError } from './errors.ts'

/** The client scopes that a `scope` parameter resolves to. */
export interface GrantedScope {
  readonly openid: boolean
  readonly clientScopes: readonly Readonly<ClientScope>[]
  /** The token's `scope`: names of the visible scopes. */
  readonly text: string
  /** All names, for the refresh token. */
  readonly full: string
}

/**
 * Resolves the `scope` parameter: the client's default scopes and the requested optional ones.
 *
 * @throws {OidcError} invalid_scope
 */
export function grantScope(
  realm: RealmStore,
  client: Readonly<Client>,
  parameter: string | undefined,
): GrantedScope {
  const requested = parameter === undefined ? [] : parameter.split(' ')
  const known = new Set([...client.defaultClientScopes, ...client.optionalClientScopes, 'openid'])
  if (requested.some((name) => !known.has(name))) {
    throw new OidcError(400, 'invalid_scope', `Invalid scopes: ${parameter}`)
  }
  const optional = client.optionalClientScopes.filter((name) => requested.includes(name))
  const clientScopes = [...client.defaultClientScopes, ...optional]
    .map((name) => realm.scopeByName.get(name))
    .filter((scope) => scope !== undefined && scope.protocol === 'openid-connect') as Readonly<ClientScope>[]
  const openid = requested.includes('openid')
  const visible = clientScopes.filter((scope) => scope.attributes['include.in.token.scope'] !== 'false')
  return {
    openid,
    clientScopes,
    text: join(openid, visible),
    full: join(openid, clientScopes),
  }
}

/** The scope of an earlier grant of the session: removed scopes are ignored. */
export function restoreScope(realm: RealmStore, client: Readonly<Client>, names: string): GrantedScope {
  const known = new Set([...client.defaultClientScopes, ...client.optionalClientScopes, 'openid'])
  const kept = names.split(' ').filter((name) => known.has(name))
  return grantScope(realm, client, kept.length === 0 ? undefined : kept.join(' '))
}

/** Whether a scope requests offline access (OpenID Connect Core section 11). */
export function isOffline(scope: GrantedScope): boolean {
  return scope.clientScopes.some((each) => each.name === 'offline_access')
}

function join(openid: boolean, scopes: readonly Readonly<ClientScope>[]): string {
  return [...(openid ? ['openid'] : []), ...scopes.map((scope) => scope.name)].join(' ')
}
