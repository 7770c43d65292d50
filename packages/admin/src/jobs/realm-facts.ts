import type { UserProfileConfig } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js'
import { CloakwrightError } from 'cloakwright'
import type { Admin, RealmRepresentation, RoleMappingPayload, RoleRepresentation } from '../client/index.ts'
import {
  createGroupFinder,
  type FoundGroup,
  findClientUuid,
  findRoleOf,
  type GroupFinder,
  type RoleNames,
} from '../lookup/index.ts'
import { quoted } from './row-names.ts'

/** What a realm is and has, as far as its users depend on it. */
export interface RealmFacts {
  readonly realmId: string
  readonly duplicateEmailsAllowed: boolean
  readonly loginWithEmailAllowed: boolean
  readonly registrationEmailAsUsername: boolean
  readonly editUsernameAllowed: boolean
  readonly internationalizationEnabled: boolean
  readonly profile: UserProfileConfig
  /** What Keycloak gives to each new user, but not to one of a partial import. */
  readonly defaults: {
    readonly role: string | undefined
    readonly groups: readonly string[]
    readonly requiredActions: readonly string[]
    /** Names under which the default role came from other realms: filled while the rows of a file are checked. */
    readonly aliases: Set<string>
  }
  /** Aliases of all required actions. */
  readonly requiredActions: ReadonlySet<string>
  /** Aliases of the required actions that are on. */
  readonly enabledActions: ReadonlySet<string>
  /** A group, or why it is not found. Each path is asked for once. */
  group(path: string): Promise<FoundGroup | string>
  /** The id of a group; undefined when there is none, or several are meant. */
  groupId(path: string): Promise<string | undefined>
  /** The id of the group that a journal names, by a path that this toolkit wrote. */
  journaledGroupId(path: string): Promise<string | undefined>
  /** What is wrong with a path for an import, whose groups Keycloak finds by itself; undefined: nothing. */
  importProblem(path: string): Promise<string | undefined>
  /** The path by which Keycloak finds a group that {@link importProblem} has let pass. */
  importPath(path: string): string
  /** A role; undefined when there is none. Each name is asked for once. */
  role(name: string, clientId?: string): Promise<RoleMappingPayload | undefined>
  /** The id that Keycloak's paths want for a client; undefined when there is none. */
  clientUuid(clientId: string): Promise<string | undefined>
}

export async function readRealmFacts(admin: Admin): Promise<RealmFacts> {
  const { client, realm } = admin
  const [representation, profile, actions] = await Promise.all([
    client.realms.findOne({ realm }),
    client.users.getProfile({ realm }),
    client.authenticationManagement.getRequiredActions(),
  ])
  const realmId = requireRealmId(admin, representation)
  return {
    realmId,
    duplicateEmailsAllowed: representation?.duplicateEmailsAllowed === true,
    loginWithEmailAllowed: representation?.loginWithEmailAllowed === true,
    registrationEmailAsUsername: representation?.registrationEmailAsUsername === true,
    editUsernameAllowed: representation?.editUsernameAllowed === true,
    internationalizationEnabled: representation?.internationalizationEnabled === true,
    profile,
    defaults: {
      role: representation?.defaultRole?.name,
      groups: representation?.defaultGroups ?? [],
      requiredActions: actions.flatMap(({ alias, enabled, defaultAction }) =>
        enabled === true && defaultAction === true ? (alias ?? []) : [],
      ),
      aliases: new Set(),
    },
    requiredActions: new Set(actions.flatMap(({ alias }) => alias ?? [])),
    enabledActions: new Set(actions.flatMap(({ alias, enabled }) => (enabled === true ? (alias ?? []) : []))),
    ...groupFacts(admin),
    ...roleFacts(admin),
  }
}

function requireRealmId({ realm, server }: Admin, found: RealmRepresentation | undefined): string {
  if (found?.id !== undefined) return found.id
  // Who may not view the realm is shown its name only.
  if (found?.realm !== undefined) {
    throw new CloakwrightError(
      'CW_ADMIN_FORBIDDEN',
      `The account has no permission to read the realm ${realm}`,
      {
        hint: 'Give it the roles view-realm, manage-users and view-clients of the client realm-management. Imports also need manage-realm.',
      },
    )
  }
  throw new CloakwrightError('CW_ADMIN_NOT_FOUND', `There is no realm ${realm} at ${server}`, {
    hint: 'Check the name and the server, or create the realm first.',
  })
}

type GroupFacts = Pick<RealmFacts, 'group' | 'groupId' | 'journaledGroupId' | 'importProblem' | 'importPath'>

function groupFacts(admin: Admin): GroupFacts {
  const finder = createGroupFinder(admin)
  const importPaths = new Map<string, string>()
  const importedIds = new Map<string, string>()
  const group = once(async (path) => await found(finder, path))
  return {
    group,
    async groupId(path) {
      const imported = importedIds.get(path)
      if (imported !== undefined) return imported
      const it = await group(path)
      return typeof it === 'string' ? undefined : it.id
    },
    journaledGroupId: once(async (path) => (await finder.findExactly(path))?.id),
    importProblem: once(async (path) => {
      const it = await group(path)
      if (typeof it === 'string') return it
      const own = await finder.pathForImport(it)
      if (own === undefined)
        return `Keycloak confuses the path of the group ${quoted(it.path)} with another group: add the user to it after the import`
      importPaths.set(path, own)
      importedIds.set(own, it.id)
      return undefined
    }),
    importPath: (path) => importPaths.get(path) ?? path,
  }
}

function roleFacts(admin: Admin): Pick<RealmFacts, 'role' | 'clientUuid'> {
  const clientUuid = once((clientId) => findClientUuid(admin, clientId))
  const realmRole = once(async (name) => toMapping(await findRoleOf(admin, undefined, name)))
  const roleOfClient = new Map<string, (name: string) => Promise<RoleMappingPayload | undefined>>()
  return {
    clientUuid,
    role(name, clientId) {
      if (clientId === undefined) return realmRole(name)
      let ofClient = roleOfClient.get(clientId)
      if (ofClient === undefined) {
        ofClient = once(async (role) => {
          const id = await clientUuid(clientId)
          return id === undefined ? undefined : toMapping(await findRoleOf(admin, id, role))
        })
        roleOfClient.set(clientId, ofClient)
      }
      return ofClient(name)
    },
  }
}

/** Realm and client roles of a row, whatever the file put in their place. */
export function roleNames(user: { realmRoles?: unknown; clientRoles?: unknown }): RoleNames {
  const ofClients = user.clientRoles
  const client =
    typeof ofClients === 'object' && ofClients !== null
      ? Object.entries(ofClients).map(([clientId, names]) => [clientId, texts(names)] as const)
      : []
  return { realm: texts(user.realmRoles), client: Object.fromEntries(client) }
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function toMapping(role: RoleRepresentation | undefined): RoleMappingPayload | undefined {
  return role && { id: role.id ?? '', name: role.name ?? '' }
}

/** A row's group, or what is wrong with it. */
async function found(finder: GroupFinder, path: string): Promise<FoundGroup | string> {
  try {
    return (await finder.find(path)) ?? `there is no group ${quoted(path)}`
  } catch (error) {
    if (!(error instanceof CloakwrightError) || error.code !== 'CW_ADMIN_REFUSED') throw error
    return `${error.message}. ${error.hint}`
  }
}

/** Asks once for each key; a failure is not remembered. */
function once<T>(ask: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>()
  return (key) => {
    let answer = asked.get(key)
    if (answer === undefined) {
      answer = ask(key)
      asked.set(key, answer)
      answer.catch(() => asked.delete(key))
    }
    return answer
  }
}
