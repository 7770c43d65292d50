import type { FastifyRequest } from 'fastify'
import { issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import { masterName } from '../../defaults/index.ts'
import type { Client, Role, User } from '../../model/index.ts'
import {
  grantedScope,
  isProven,
  type PresentedToken,
  readLiveToken,
  restoreScope,
  roleIdsInScope,
} from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { forbidden } from '../errors.ts'

/** The caller of the Admin API: the user of a bearer token and the client that it was issued to. */
export interface Caller {
  readonly realm: RealmStore
  readonly user: Readonly<User>
  readonly client: Readonly<Client>
  /** Ids of the user's current roles that are in the client's scope. */
  readonly roles: ReadonlySet<string>
}

/** The permissions of a caller in one realm. */
export interface Access {
  /** Whether the caller has one of the administration roles (`view-users`, `manage-clients` …) for the realm. */
  has(...names: string[]): boolean
  /** Whether the caller has the role itself. */
  holds(role: Readonly<Role>): boolean
}

/** The caller of an access token; undefined if the token is not valid now. Its issuer names the realm. */
export async function readCaller(
  context: RealmContext,
  request: FastifyRequest,
  token: PresentedToken,
): Promise<Caller | undefined> {
  const issuer = issuerIn(token.text)
  const realm = context.store.realm(realmNameIn(issuer))
  if (realm === undefined || issuerOf(context, request, realm) !== issuer) return undefined
  const live = await readLiveToken(realm, token.text, issuer, seconds(context))
  if ('reason' in live || !(await isProven(context, request, token, live.claims))) return undefined
  const { user, client } = live
  // Roles are the user's current ones, not those in the token: tokens of administration clients have none.
  const scope = restoreScope(realm, client, grantedScope(live))
  return { realm, user, client, roles: roleIdsInScope(realm, user, client, scope.clientScopes) }
}

/** The issuer in an unverified token: it only selects the key for the verification. */
function issuerIn(token: string): string {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const issuer = (JSON.parse(payload) as { iss?: unknown } | null)?.iss
    return typeof issuer === 'string' ? issuer : ''
  } catch {
    return ''
  }
}

function realmNameIn(issuer: string): string {
  try {
    return decodeURIComponent(issuer.slice(issuer.lastIndexOf('/') + 1))
  } catch {
    return ''
  }
}

/**
 * The permissions of the caller in the realm. Administrators of master get them from master's client `{realm}-realm`, others
 * only in their own realm, from its client `realm-management`.
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

/** The client whose roles administer `realm`, for callers from the realm `home`. */
export function managementClient(home: RealmStore, realm: RealmStore): Readonly<Client> | undefined {
  const isMaster = home.info.realm === masterName
  return home.clientByName.get(isMaster ? `${realm.info.realm}-realm` : 'realm-management')
}
