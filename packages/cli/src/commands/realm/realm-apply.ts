import {
  applyPlan,
  definitionFor,
  describeChange,
  planRealm,
  type RealmChangeDetail,
  type RealmDefinition,
} from '@cloakwright/admin/realm'
import {
  type ConnectionOptions,
  connectToDefine,
  trailOf,
  type WriteOptions,
} from '../../connection/index.ts'
import { exitCode } from '../../exit.ts'
import { loadDefinition } from '../../realm-files/index.ts'
import { escaped, note, print, toJson } from '../../terminal/index.ts'

interface PlanOptions extends ConnectionOptions {
  /** The file with the realm definition. */
  readonly realm: string
  /** The realm to compare and change. Default: the name in the definition. */
  readonly target?: string
  readonly json?: true
}

/** `cloakwright realm plan`. Exit code 2 if apply would change something. */
export async function plan(options: PlanOptions): Promise<void> {
  const definition = await definitionOf(options)
  const { details } = await planRealm(connectToDefine(options).admin, definition)
  printPlan(definition.realm, details, options)
  if (details.length > 0) process.exitCode = exitCode.different
}

/** `cloakwright realm apply`. */
export async function apply(options: PlanOptions & Omit<WriteOptions, 'realm'>): Promise<void> {
  const isJson = options.json === true
  const recorder = options.dryRun === true ? undefined : trailOf(options)
  const definition = await definitionOf(options)
  const { admin } = connectToDefine(options, recorder === undefined ? {} : { recorder })
  const planned = await planRealm(admin, definition)
  if (options.dryRun === true) return printPlan(definition.realm, planned.details, options)
  const made: RealmChangeDetail[] = []
  const onChange = (change: RealmChangeDetail) => {
    made.push(change)
    if (!isJson) printDetail(change)
  }
  try {
    await applyPlan(admin, planned, { onChange })
  } catch (error) {
    if (made.length > 0)
      note(`${made.length} changed before the failure. Run the same command to apply the rest.`)
    throw error
  }
  if (isJson) printJson(false, definition.realm, made)
  else print(made.length === 0 ? `${definition.realm} matches its definition` : `${made.length} changed`)
}

async function definitionOf({ realm, target }: PlanOptions): Promise<RealmDefinition> {
  const definition = await loadDefinition(realm)
  return target === undefined ? definition : definitionFor(target, definition)
}

function printPlan(realm: string, details: readonly RealmChangeDetail[], { json }: PlanOptions): void {
  if (json === true) return printJson(true, realm, details)
  for (const detail of details) printDetail(detail)
  print(details.length === 0 ? `${realm} matches its definition` : `${details.length} to change`)
}

function printJson(dryRun: boolean, realm: string, changes: readonly RealmChangeDetail[]): void {
  print(toJson({ dryRun, realm, changes }, 2))
}

/** Prints a line for the change, and for an update one line per field with the values before and after. */
function printDetail(detail: RealmChangeDetail): void {
  print(escaped(describeChange(detail)))
  for (const field of detail.fields) {
    const [before, after] = [detail.before[field], detail.after[field]].map(shown)
    print(escaped(`    ${field}: ${before} → ${after}`))
  }
}

function shown(value: unknown): string {
  return value === null || value === undefined ? '(none)' : toJson(value)
}
