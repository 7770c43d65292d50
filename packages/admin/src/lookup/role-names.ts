import { CloakwrightError } from 'cloakwright'
import { isObject, missing, requireKnown } from '../fields/index.ts'

/** Roles by name, structurally: `realm:x` as one string would collide with a client named `realm`. */
export interface RoleNames {
  readonly realm?: readonly string[]
  /** By client id. */
  readonly client?: Readonly<Record<string, readonly string[]>>
}

/** A role of the realm, or of one of its clients. */
export interface RoleName {
  readonly name: string
  /** The client id of the client that it belongs to. Default: it is a realm role. */
  readonly client?: string
}

/**
 * Keycloak's own names for what a role belongs to are refused: ignored, a client's role would be taken for one of the realm.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function requireRoleName(what: string, role: RoleName): void {
  // Also what a role is made with: whoever has that may name the role by it.
  const known = { name: true, client: true, description: true, attributes: true, composites: true } as const
  requireKnown(what, role, known, { clientId: 'client', clientRole: 'client', containerId: 'client' })
}

export function roleTitle({ name, client }: RoleName): string {
  return client === undefined ? name : `${client}/${name}`
}

/** @throws {CW_CONFIG_INVALID} when roles are not named by realm and client */
export function requireRoleNames(names: RoleNames | undefined): void {
  if (names === undefined) return
  const hint = "Write them like { realm: ['editor'], client: { 'shop-api': ['reader'] } }."
  const ofClients: unknown = isObject(names) ? (names.client ?? {}) : undefined
  const lists = isObject(ofClients) ? [names.realm ?? [], ...Object.values(ofClients)] : [undefined]
  if (!lists.every(isNames))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'roles must be lists of names', { hint })
  requireKnown('roles', names, { realm: true, client: true }, rolesInstead)
}

/** Keycloak's names for roles of a user or group. */
export const rolesInstead: Readonly<Record<string, string>> = {
  realmRoles: 'roles: { realm: [name] }',
  clientRoles: 'roles: { client: { clientId: [name] } }',
}

/** The roles that are wanted and not there; empty entries are left out. */
export function missingRoles(wanted: RoleNames | undefined, have: RoleNames | undefined): RoleNames {
  const client = Object.entries(wanted?.client ?? {}).flatMap(([clientId, names]) => {
    const absent = missing(names, own(have?.client, clientId))
    return absent.length === 0 ? [] : [[clientId, absent] as const]
  })
  return { realm: missing(wanted?.realm, have?.realm), client: Object.fromEntries(client) }
}

/** As fields of a change: `roles.admin`, `roles.app/editor`. */
export function roleFields(prefix: string, { realm, client }: RoleNames): string[] {
  return [
    ...(realm ?? []).map((name) => `${prefix}.${name}`),
    ...Object.entries(client ?? {}).flatMap(([clientId, names]) =>
      names.map((name) => `${prefix}.${clientId}/${name}`),
    ),
  ]
}

/** A client may be called `constructor`. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
