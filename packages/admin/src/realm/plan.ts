import type { Admin } from '../admin.ts'
import { recorded } from '../changes.ts'
import { type ClientScopesState, diffClientScopes, readClientScopes } from './client-scopes.ts'
import { type ClientsState, diffClients, readClients } from './clients.ts'
import { defineRealm } from './define.ts'
import { diffFlows, type FlowsState, readFlows } from './flows.ts'
import { diffGroups, type GroupsState, readGroups } from './groups.ts'
import type { RealmChange, RealmDefinition } from './model.ts'
import { diffRequiredActions, type RequiredActionsState, readRequiredActions } from './required-actions.ts'
import { diffClientRoles, diffComposites, diffRealmRoles, type RolesState, readRoles } from './roles.ts'
import { diffBindings, diffSettings, readSettings } from './settings.ts'
import type { Step } from './step.ts'
import { diffUsers, readUsers, type UsersState } from './users.ts'

/** What the realm has of that which a definition names. */
export interface RealmState {
  /** Undefined where there is no such realm yet. */
  readonly settings: Awaited<ReturnType<typeof readSettings>>
  readonly roles: RolesState
  readonly clientScopes: ClientScopesState
  readonly clients: ClientsState
  readonly groups: GroupsState
  readonly users: UsersState
  readonly flows: FlowsState
  readonly requiredActions: RequiredActionsState
}

/**
 * The changes that bring a realm into line with its definition, in the order in which they are made. For a realm that is
 * not there yet, they also name as created what Keycloak will bring with it; applying the plan changes only the rest.
 */
export interface RealmPlan {
  readonly realm: string
  /** Empty where the realm is in line. */
  readonly changes: readonly RealmChange[]
}

/**
 * Reads what the realm has of that which the definition names; writes nothing.
 *
 * @throws {CW_REALM_INVALID} when the definition is not valid
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_UNAUTHORIZED}
 * @throws {CW_ADMIN_FORBIDDEN}
 */
export async function readRealm(admin: Admin, definition: RealmDefinition): Promise<RealmState> {
  defineRealm(definition)
  const settings = await readSettings(admin, definition)
  if (settings === undefined) return emptyState
  return {
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

/** Compares a definition with what the realm has. Pure: asks nothing, changes nothing. */
export function diffRealm(definition: RealmDefinition, state: RealmState): RealmPlan {
  const steps = [
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
    // Last, so that nobody can log in before the rules for it are in force.
    ...diffUsers(definition, state.users),
  ]
  return new Plan(definition, steps)
}

/**
 * Reads the realm and says what would be changed; writes nothing.
 *
 * @throws {CW_REALM_INVALID} when the definition is not valid
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
 * @throws {CW_REALM_MISMATCH} when the definition refers to something that is not there
 * @throws {CW_ADMIN_CONFLICT}
 * @throws {CW_ADMIN_REFUSED} when Keycloak does not accept a value
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_FORBIDDEN}
 * @throws {CW_AUDIT_UNAVAILABLE} when a change was made and could not be recorded
 */
export async function applyPlan(admin: Admin, plan: RealmPlan): Promise<readonly RealmChange[]> {
  if (!(plan instanceof Plan)) throw new TypeError('applyPlan takes a plan from planRealm or diffRealm')
  return await plan.apply(admin)
}

/**
 * Brings a realm into line with its definition, and gives what it changed: nothing, where there was nothing to change.
 *
 * @throws {CW_REALM_INVALID} when the definition is not valid
 * @throws whatever {@link planRealm} and {@link applyPlan} throw
 * @example
 * ```ts
 * import { createAdmin, describeChange, ensureRealm } from '@cloakwright/admin'
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
): Promise<readonly RealmChange[]> {
  return await applyPlan(admin, await planRealm(admin, definition))
}

/** The definition and the steps hold passwords and secrets: they are private, so that no log and no JSON shows them. */
class Plan implements RealmPlan {
  readonly realm: string
  readonly changes: readonly RealmChange[]
  readonly #definition: RealmDefinition
  readonly #steps: readonly Step[]

  constructor(definition: RealmDefinition, steps: readonly Step[]) {
    this.realm = definition.realm
    this.changes = steps.map(({ change }) => change)
    this.#definition = definition
    this.#steps = steps
  }

  async apply(admin: Admin): Promise<readonly RealmChange[]> {
    const [first, ...rest] = this.#steps
    if (first === undefined) return []
    await this.#make(admin, first)
    if (first.change.kind === 'realm' && first.change.action === 'create') {
      // A realm comes with clients, roles and scopes of its own: what the definition names of them is there already.
      return [first.change, ...(await ensureRealm(admin, this.#definition))]
    }
    for (const step of rest) await this.#make(admin, step)
    return this.changes
  }

  async #make(admin: Admin, { change, values, run }: Step): Promise<void> {
    await run(admin)
    await recorded(admin, [{ ...change, ...values, realm: this.realm }])
  }
}

const emptyState: RealmState = {
  settings: undefined,
  roles: { realm: new Map(), client: new Map() },
  clientScopes: new Map(),
  clients: new Map(),
  groups: new Map(),
  users: new Map(),
  flows: new Map(),
  requiredActions: new Map(),
}
