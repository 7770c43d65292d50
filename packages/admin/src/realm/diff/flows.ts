import type { Admin, ExecutionInfoRepresentation } from '../../client/index.ts'
import { changedFields, type FieldChange, fieldChanges, fieldName } from '../../fields/index.ts'
import type {
  AuthenticatorDefinition,
  ExecutionDefinition,
  FlowDefinition,
  RealmDefinition,
} from '../definition/index.ts'
import { found } from './named.ts'
import { create, fieldsOf, type PlannedChange, update } from './planned-change.ts'

/** An execution as Keycloak lists it; the official type does not know the priority yet. */
type Execution = ExecutionInfoRepresentation & { priority?: number }

export interface ExecutionState {
  readonly execution: Execution
  readonly config: Readonly<Record<string, string>> | undefined
  readonly executions: readonly ExecutionState[]
}

/** The flows that a definition names and the realm has, by alias. */
export type FlowsState = ReadonlyMap<string, readonly ExecutionState[]>

export async function readFlows(
  admin: Admin,
  { realm, authenticationFlows }: RealmDefinition,
): Promise<FlowsState> {
  const state = new Map<string, readonly ExecutionState[]>()
  if ((authenticationFlows ?? []).length === 0) return state
  const existing = await admin.client.authenticationManagement.getFlows({ realm })
  for (const { alias } of authenticationFlows ?? []) {
    if (existing.some((flow) => flow.alias === alias)) state.set(alias, await readFlow(admin, realm, alias))
  }
  return state
}

export function diffFlows(
  { realm, authenticationFlows }: RealmDefinition,
  state: FlowsState,
): PlannedChange[] {
  return (authenticationFlows ?? []).flatMap((flow) => {
    const { alias, description = '', provider = 'basic-flow' } = flow
    const current = state.get(alias)
    const write = (admin: Admin) => writeFlow(admin, realm, flow)
    if (current !== undefined) {
      const changes = flowChanges(flow.executions, current)
      return update('authentication flow', alias, [{ changes, run: write }])
    }
    const { executions, ...outer } = flow
    const run = ({ client }: Admin) =>
      client.authenticationManagement.createFlow({
        realm,
        alias,
        description,
        providerId: provider,
        topLevel: true,
        builtIn: false,
      })
    return [
      create('authentication flow', alias, [
        { changes: fieldsOf(outer), run },
        { changes: fieldsOf({ executions }), run: write },
      ]),
    ]
  })
}

/** Named `forms/auth-otp-form.requirement`; `order` where the executions run in another order. */
function flowChanges(
  wanted: readonly ExecutionDefinition[],
  current: readonly ExecutionState[],
  prefix = '',
): readonly FieldChange[] {
  const pairs = paired(wanted, current)
  const differences = pairs.flatMap(([execution, have]): readonly FieldChange[] => {
    const field = `${prefix}${label(execution)}`
    const { requirement } = execution
    if (have === undefined) return [{ path: [field], before: undefined, after: requirement }]
    const before = have.execution.requirement
    return [
      ...(requirement === before ? [] : [{ path: [`${field}.requirement`], before, after: requirement }]),
      ...('flow' in execution
        ? flowChanges(execution.executions, have.executions, `${field}/`)
        : configChanges(execution.config?.config ?? {}, have.config, `${field}.config.`)),
    ]
  })
  if (inOrder(pairs)) return differences
  return [
    ...differences,
    { path: [`${prefix}order`], before: current.map(providerOf), after: wanted.map(label) },
  ]
}

function configChanges(
  wanted: object,
  current: ExecutionState['config'],
  prefix: string,
): readonly FieldChange[] {
  return fieldChanges(wanted, current).map((change) => ({
    ...change,
    path: [`${prefix}${fieldName(change)}`],
  }))
}

/** Flow by flow, from the outside in: what is missing is added, then requirements, settings and order are written. */
async function writeFlow(admin: Admin, realm: string, { alias, executions }: FlowDefinition): Promise<void> {
  await writeLevel(admin, realm, alias, [], alias, executions)
}

async function writeLevel(
  admin: Admin,
  realm: string,
  flow: string,
  path: readonly string[],
  parent: string,
  wanted: readonly ExecutionDefinition[],
): Promise<void> {
  const { authenticationManagement: management } = admin.client
  const read = async (): Promise<Pair[]> => paired(wanted, level(await readFlow(admin, realm, flow), path))
  for (const [execution, have] of await read()) {
    if (have !== undefined) continue
    if ('flow' in execution) {
      const { flow: alias, description = '', form } = execution
      const type = form === undefined ? 'basic-flow' : 'form-flow'
      const provider = form ?? 'registration-page-form'
      await management.addFlowToFlow({ realm, flow: parent, alias, description, type, provider })
    } else {
      await management.addExecutionToFlow({ realm, flow: parent, provider: execution.authenticator })
    }
  }

  const pairs = await read()
  const ordered = inOrder(pairs)
  for (const [index, [execution, state]] of pairs.entries()) {
    const { execution: have, config } = found(state, `execution ${label(execution)} of flow ${parent}`)
    const { requirement } = execution
    const priority = ordered ? {} : { priority: (index + 1) * 10 }
    if (!ordered || have.requirement !== requirement) {
      await management.updateExecution({ realm, flow }, { ...have, requirement, ...priority })
    }
    if ('flow' in execution) {
      await writeLevel(admin, realm, flow, [...path, execution.flow], execution.flow, execution.executions)
    } else {
      await writeConfig(admin, realm, execution, have, config)
    }
  }
}

async function writeConfig(
  { client }: Admin,
  realm: string,
  { config: wanted }: AuthenticatorDefinition,
  { id = '', authenticationConfig }: Execution,
  current: ExecutionState['config'],
): Promise<void> {
  if (wanted === undefined || changedFields(wanted.config, current).length === 0) return
  const { authenticationManagement: management } = client
  if (authenticationConfig === undefined) {
    await management.createConfig({ realm, id, alias: wanted.alias, config: { ...wanted.config } })
  } else {
    const config = { ...current, ...wanted.config }
    await management.updateConfig({ realm, id: authenticationConfig, alias: wanted.alias, config })
  }
}

/** Keycloak lists a flow's executions flat, each with its level. */
export async function readFlow(
  { client }: Admin,
  realm: string,
  flow: string,
): Promise<readonly ExecutionState[]> {
  const { authenticationManagement: management } = client
  const top: ExecutionState[] = []
  const open: ExecutionState[][] = [top]
  for (const execution of (await management.getExecutions({ realm, flow })) as Execution[]) {
    const depth = execution.level ?? 0
    const id = execution.authenticationConfig
    const config = id === undefined ? undefined : (await management.getConfig({ realm, id })).config
    const executions: ExecutionState[] = []
    open[depth]?.push({ execution, config: config as ExecutionState['config'], executions })
    open.splice(depth + 1, open.length, executions)
  }
  return top
}

function level(
  tree: readonly ExecutionState[],
  [alias, ...rest]: readonly string[],
): readonly ExecutionState[] {
  if (alias === undefined) return tree
  return level(tree.find(({ execution }) => execution.displayName === alias)?.executions ?? [], rest)
}

type Pair = readonly [ExecutionDefinition, ExecutionState | undefined]

/** A flow within is known by its alias; an authenticator, which may be there more than once, by its provider and turn. */
function paired(wanted: readonly ExecutionDefinition[], current: readonly ExecutionState[]): Pair[] {
  const left = [...current]
  return wanted.map((execution) => {
    const index = left.findIndex(({ execution: have }) =>
      'flow' in execution ? have.displayName === execution.flow : have.providerId === execution.authenticator,
    )
    return [execution, index < 0 ? undefined : left.splice(index, 1)[0]]
  })
}

function inOrder(pairs: readonly Pair[]): boolean {
  const indexes = pairs.flatMap(([, state]) =>
    state?.execution.index === undefined ? [] : [state.execution.index],
  )
  return indexes.every((index, turn) => turn === 0 || index > (indexes[turn - 1] ?? 0))
}

/** As {@link label}, of what the realm has. */
function providerOf({ execution: { authenticationFlow, displayName, providerId } }: ExecutionState): string {
  return (authenticationFlow === true ? displayName : providerId) ?? ''
}

function label(execution: ExecutionDefinition): string {
  return 'flow' in execution ? execution.flow : execution.authenticator
}
