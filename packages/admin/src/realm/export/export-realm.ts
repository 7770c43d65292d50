import { CloakwrightError } from 'cloakwright'
import type { Admin, RealmRepresentation } from '../../client/index.ts'
import type { RealmDefinition, RealmSettings, RoleDefinition } from '../definition/index.ts'
import { defineRealm, settings } from '../definition/index.ts'
import { readFlowDefinitions } from './flows.ts'
import { readGroups, readUsers } from './members.ts'
import { Notes, sortedBy } from './notes.ts'
import {
  readClientRoles,
  readClients,
  readRequiredActions,
  readRoleDefinitions,
  toClient,
  toClientScope,
} from './objects.ts'

/** Options of {@link exportRealm}. */
export interface ExportRealmOptions {
  /** The users too, without their passwords; service accounts are left to their clients. Default: false. */
  readonly users?: boolean
}

/** A live realm as a definition. */
export interface RealmExport {
  /** In a fixed order: the same realm gives the same definition. */
  readonly definition: RealmDefinition
  /** What the realm has and the definition leaves out, a line each: `client shop-api: secret`. No values. */
  readonly leftOut: readonly string[]
}

/** What no definition has: an export says so once. */
export const neverExported: string =
  'keys, identity providers, user federation and other components, organizations, the user profile, client policies, authorization services, default groups and default client scopes of the realm, roles of client scopes and of service accounts, flow bindings of clients, translated texts'

/**
 * Reads a live realm as a definition: what {@link RealmDefinition} covers, Keycloak's own roles, clients, scopes and flows
 * among it, and never a password or a secret. A plan of it against the same realm is empty; against another realm, it is the difference.
 *
 * Needs the roles `view-realm`, `view-users` and `view-clients` of `realm-management`, or `realm-admin`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} No such realm.
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_UNAUTHORIZED}
 * @throws {CW_ADMIN_FORBIDDEN} without the roles to view the realm, its clients and its users (for the groups)
 * @example
 * ```ts
 * import type { Admin } from '@cloakwright/admin'
 * import { definitionFor, exportRealm, planRealm } from '@cloakwright/admin/realm'
 *
 * export async function difference(staging: Admin, production: Admin) {
 *   const { definition } = await exportRealm(staging, 'shop-staging')
 *   return (await planRealm(production, definitionFor('shop', definition))).details
 * }
 * ```
 */
export async function exportRealm(
  admin: Admin,
  realm: string,
  { users = false }: ExportRealmOptions = {},
): Promise<RealmExport> {
  const { client } = admin
  const live = await client.realms.findOne({ realm })
  if (live == null)
    throw new CloakwrightError('CW_ADMIN_NOT_FOUND', `There is no realm ${realm}`, {
      hint: 'Check the name of the realm and the server.',
    })
  const notes = new Notes()
  const clients = await readClients(admin, realm, notes)
  const clientIds = new Map(clients.map(({ id = '', clientId = '' }) => [id, clientId]))
  const scopes = await client.clientScopes.find({ realm })
  const realmRoles = (page: object) => client.roles.find({ realm, briefRepresentation: false, ...page })
  const ofRealm = await readRoleDefinitions(admin, realm, clientIds, realmRoles, notes)
  const ofClients: (readonly [string, RoleDefinition[]])[] = []
  for (const [id, clientId] of clientIds) {
    const list = readClientRoles(admin, realm, id)
    const roles = await readRoleDefinitions(admin, realm, clientIds, list, notes)
    if (roles.length > 0) ofClients.push([clientId, roles])
  }
  const definition = defineRealm({
    realm,
    ...notes.fieldsOf<RealmSettings>(`realm ${realm}`, settings, withoutDoubles(live)),
    roles: { realm: ofRealm, client: Object.fromEntries(ofClients) },
    clientScopes: sortedBy(scopes, ({ name }) => name).map((scope) => toClientScope(scope, notes)),
    clients: clients.map((each) => toClient(each, notes)),
    groups: await readGroups(admin, realm, notes),
    ...(users ? { users: await readUsers(admin, realm, notes) } : {}),
    authenticationFlows: await readFlowDefinitions(admin, realm, notes),
    requiredActions: await readRequiredActions(admin, realm, notes),
  })
  return { definition, leftOut: notes.lines }
}

/** Keycloak shows some settings once more among the attributes, as texts, once they have been written. */
function withoutDoubles({ attributes, smtpServer, ...live }: RealmRepresentation): RealmRepresentation {
  const entries = Object.entries((attributes ?? {}) as Record<string, unknown>)
  const { user, ...server } = (smtpServer ?? {}) as Record<string, string>
  const hasLogin = server['auth']?.toLowerCase() === 'true'
  return {
    ...live,
    attributes: Object.fromEntries(entries.filter(([key]) => !(key in settings))),
    smtpServer: user !== undefined && hasLogin ? { ...server, user } : server,
  }
}
