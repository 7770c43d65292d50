import type { FastifyRequest } from 'fastify'
import { issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import { masterName } from '../../defaults/index.ts'
import type { Client, Role, User } from '../../model/index.ts'
import { readLiveToken, restoreScope, rolesInScope } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { forbidden } from '../errors.ts'

/** Who calls the Admin API: the user of a bearer token, and the client that the token was given to. */
export interface Caller {
  readonly realm: RealmStore
  readonly user: Readonly<User>
  readonly client: Readonly<Client>
  /** Ids of the roles that the user has now and that the client's scope lets through. */
  readonly roles: ReadonlySet<string>
}

/** What a caller may do in one realm. */
export interface Access {
  /** Has one of the administration roles (`view-users`, `manage-clients` …) for the realm. */
  has(...names: string[]): boolean
  /** Has the role itself. */
  holds(role: Readonly<Role>): boolean
}

/** The caller whom a bearer token names; undefined unless the token holds now. Its issuer says which realm's it is. */
export async function readCaller(
  context: RealmContext,
  request: FastifyRequest,
  token: string,
): Promise<Caller | undefined> {
  const issuer = issuerIn(token)
  for (const realm of context.store.realms()) {
    if (issuerOf(context, request, realm) !== issuer) continue
    const live = await readLiveToken(realm, token, issuerOf(context, request, realm), seconds(context))
    if ('reason' in live) return undefined
    const { user, client, claims, clientSession } = live
    // Roles are the user's of this moment, not the token's: those of administration clients carry none.
    const granted = typeof claims['scope'] === 'string' ? claims['scope'] : ''
    const scope = restoreScope(realm, client, clientSession?.scope ?? granted)
    const roles = rolesInScope(realm, user, client, scope.clientScopes).map((role) => role.id)
    return { realm, user, client, roles: new Set(roles) }
  }
  return undefined
}

/** What an unverified token says about its issuer: it only chooses the key that then proves it. */
function issuerIn(token: string): unknown {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    return (JSON.parse(payload) as { iss?: unknown } | null)?.iss
  } catch {
    return undefined
  }
}

/**
 * What the caller may do in the realm: administrators of master by the roles of master's client `{realm}-realm`,
 * others in their own realm only, by the roles of its client `realm-management`.
 *
 * @throws {AdminError} 403 for a token of another realm
 */
export function accessTo(caller: Caller, realm: RealmStore): Access {
  const isMaster = caller.realm.info.realm === masterName
  if (!isMaster && caller.realm !== realm) throw forbidden()
  const management = managementClient(caller.realm, realm)
  const has = (name: string): boolean => {
    const role = management === undefined ? undefined : caller.realm.role(name, management.id)
    return role !== undefined && caller.roles.has(role.id)
  }
  return {
    has: (...names) => names.some(has),
    holds: (role) => caller.roles.has(role.id),
  }
}

/** The client whose roles administer `realm`, as callers of `home` have them. */
export function managementClient(home: RealmStore, realm: RealmStore): Readonly<Client> | undefined {
  const isMaster = home.info.realm === masterName
  return home.clientByName.get(isMaster ? `${realm.info.realm}-realm` : 'realm-management')
}
