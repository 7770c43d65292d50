import type { Admin } from '../client/index.ts'
import { runSteps } from '../edit/index.ts'
import { danglingReferences, refuseDangling } from './dangling.ts'
import type { RealmChange, RealmChangeDetail, RealmDefinition, Reference } from './definition/index.ts'
import { defineRealm } from './definition/index.ts'
import {
  type ClientScopesState,
  type ClientsState,
  diffBindings,
  diffClientRoles,
  diffClientScopes,
  diffClients,
  diffComposites,
  diffFlows,
  diffGroups,
  diffRealmRoles,
  diffRequiredActions,
  diffSettings,
  diffUsers,
  type FlowsState,
  type GroupsState,
  type PlannedChange,
  type RequiredActionsState,
  type RolesState,
  readClientScopes,
  readClients,
  readFlows,
  readGroups,
  readRequiredActions,
  readRoles,
  readSettings,
  readUsers,
  type UsersState,
} from './diff/index.ts'

/** What the realm has of that which a definition names. */
export interface RealmState {
  /** Undefined if the realm does not exist yet. */
  readonly settings: Awaited<ReturnType<typeof readSettings>>
  readonly roles: RolesState
  readonly clientScopes: ClientScopesState
  readonly clients: ClientsState
  readonly groups: GroupsState
  readonly users: UsersState
  readonly flows: FlowsState
  readonly requiredActions: RequiredActionsState
  /** What the definition refers to, and neither it nor the realm has. */
  readonly dangling: readonly Reference[]
}

/**
 * The changes that applying a definition makes, in their order. For a realm that is not there yet, they also name as
 * created what Keycloak will bring with it; applying the plan changes only the rest.
 */
export interface RealmPlan {
  readonly realm: string
  /** Empty where the realm matches its definition. */
  readonly changes: readonly RealmChange[]
  /** The same changes with their values before and after; of secrets, masks. */
  readonly details: readonly RealmChangeDetail[]
}

/** Options of {@link applyPlan} and {@link ensureRealm}. */
export interface ApplyOptions {
  /** Told each change once it is made and recorded. */
  readonly onChange?: (change: RealmChangeDetail) => void
}

/**
 * Reads what the realm has of that which the definition names; writes nothing.
 *
 * Needs the roles `view-realm`, `view-users` and `view-clients` of `realm-management`, or `realm-admin`.
 *
 * @throws {CW_REALM_INVALID} when the definition is not valid
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_UNAUTHORIZED}
 * @throws {CW_ADMIN_FORBIDDEN}
 */
export async function readRealm(admin: Admin, definition: RealmDefinition): Promise<RealmState> {
  defineRealm(definition)
  const settings = await readSettings(admin, definition)
  const dangling = await danglingReferences(admin, definition, settings !== undefined)
  if (settings === undefined) return { ...emptyState, dangling }
  return {
    dangling,
    settings,
    roles: await readRoles(admin, definition),
    clientScopes: await readClientScopes(admin, definition),
    clients: await readClients(admin, definition),
    groups: await readGroups(admin, definition),
    users: await readUsers(admin, definition),
    flows: await readFlows(admin, definition),
    requiredActions: await readRequiredActions(admin, definition),
  }
}

/**
 * Compares a definition with what the realm has. Pure: asks nothing, changes nothing.
 *
 * @throws {CW_REALM_MISMATCH} with the JSON path of each reference to something that neither the definition nor the realm has
 */
function diffRealm(definition: RealmDefinition, state: RealmState): RealmPlan {
  refuseDangling(definition.realm, state.dangling)
  const planned = [
    ...diffSettings(definition, state.settings),
    ...diffRealmRoles(definition, state.roles),
    ...diffClientScopes(definition, state.clientScopes),
    ...diffClients(definition, state.clients),
    ...diffClientRoles(definition, state.roles),
    ...diffComposites(definition, state.roles),
    ...diffGroups(definition, state.groups),
    ...diffFlows(definition, state.flows),
    ...diffRequiredActions(definition, state.requiredActions),
    ...diffBindings(definition, state.settings),
    // Last, so that no one can log in before the rules for it are in force.
    ...diffUsers(definition, state.users),
  ]
  return new Plan(definition, planned)
}

/**
 * Reads the realm and says what would be changed; writes nothing.
 *
 * Needs the roles `view-realm`, `view-users` and `view-clients` of `realm-management`, or `realm-admin`.
 *
 * @throws {CW_REALM_INVALID} when the definition is not valid
 * @throws {CW_REALM_MISMATCH} with the JSON path of each reference to something that neither the definition nor the realm has
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_UNAUTHORIZED}
 * @throws {CW_ADMIN_FORBIDDEN}
 */
export async function planRealm(admin: Admin, definition: RealmDefinition): Promise<RealmPlan> {
  return diffRealm(definition, await readRealm(admin, definition))
}

/**
 * Makes the changes of a plan, one after another, and gives those that were made. Each reads its object again and merges
 * into it, and is recorded by the administrator's audit trail. Where one fails, the earlier ones stay; a new plan continues from there.
 *
 * Needs the role `realm-admin` of `realm-management`; to create a realm, an administrator of the realm `master`.
 *
 * @throws {CW_REALM_MISMATCH} when someone removed what the definition refers to after the plan was made
 * @throws {CW_ADMIN_CONFLICT}
 * @throws {CW_ADMIN_REFUSED} when Keycloak does not accept a value
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_FORBIDDEN}
 * @throws {CW_AUDIT_UNAVAILABLE} before a change that could not be recorded; or when one was made and could not be
 */
export async function applyPlan(
  admin: Admin,
  plan: RealmPlan,
  options: ApplyOptions = {},
): Promise<readonly RealmChange[]> {
  if (!(plan instanceof Plan)) throw new TypeError('applyPlan needs a plan from planRealm')
  return await plan.apply(admin, options)
}

/**
 * Applies a definition to its realm, and gives what it changed: nothing, where the realm matches it already.
 *
 * Needs the role `realm-admin` of `realm-management`; to create a realm, an administrator of the realm `master`.
 *
 * @throws {CW_REALM_INVALID} when the definition is not valid
 * @throws whatever {@link planRealm} and {@link applyPlan} throw
 * @example
 * ```ts
 * import { createAdmin } from '@cloakwright/admin'
 * import { describeChange, ensureRealm } from '@cloakwright/admin/realm'
 *
 * const admin = createAdmin({
 *   server: 'http://localhost:8080',
 *   credentials: { username: 'admin', password: () => process.env['KC_BOOTSTRAP_ADMIN_PASSWORD'] ?? '' },
 * })
 * const changes = await ensureRealm(admin, { realm: 'shop', roles: { realm: [{ name: 'admin' }] } })
 * console.log(changes.map(describeChange))
 * ```
 */
export async function ensureRealm(
  admin: Admin,
  definition: RealmDefinition,
  options: ApplyOptions = {},
): Promise<readonly RealmChange[]> {
  return await applyPlan(admin, await planRealm(admin, definition), options)
}

/** The definition and the planned changes hold passwords and secrets: they are private, so that no log and no JSON shows them. */
class Plan implements RealmPlan {
  readonly realm: string
  readonly changes: readonly RealmChange[]
  readonly details: readonly RealmChangeDetail[]
  readonly #definition: RealmDefinition
  readonly #planned: readonly PlannedChange[]

  constructor(definition: RealmDefinition, planned: readonly PlannedChange[]) {
    this.realm = definition.realm
    this.changes = planned.map(({ change }) => change)
    this.details = planned.map(({ detail }) => detail)
    this.#definition = definition
    this.#planned = planned
  }

  async apply(admin: Admin, { onChange }: ApplyOptions): Promise<readonly RealmChange[]> {
    if (admin.dryRun) return this.changes
    for (const { change, detail, steps } of this.#planned) {
      await runSteps(admin, steps, this.realm)
      onChange?.(detail)
      // A realm comes with clients, roles and scopes of its own: those that the definition names already exist.
      if (change.kind === 'realm' && change.action === 'create')
        return [
          change,
          ...(await ensureRealm(admin, this.#definition, onChange === undefined ? {} : { onChange })),
        ]
    }
    return this.changes
  }
}

const emptyState: Omit<RealmState, 'dangling'> = {
  settings: undefined,
  roles: { realm: new Map(), client: new Map() },
  clientScopes: new Map(),
  clients: new Map(),
  groups: new Map(),
  users: new Map(),
  flows: new Map(),
  requiredActions: new Map(),
}
