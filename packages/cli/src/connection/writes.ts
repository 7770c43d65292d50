import { userInfo } from 'node:os'
import type { Admin, Change } from '@cloakwright/admin'
import { type AuditTrail, createAuditTrail, headFile, ndjsonSink } from '@cloakwright/admin/audit'
import { variable } from '../environment/index.ts'
import { UsageError } from '../exit.ts'
import { confirmed, escaped, print, toJson } from '../terminal/index.ts'
import { type ConnectionOptions, connect } from './connection.ts'

/** The options of every command that changes something, as options/shared-options.ts declares them. */
export interface WriteOptions extends ConnectionOptions {
  readonly dryRun?: true
  readonly json?: true
  readonly yes?: true
  readonly reason?: string
  readonly audit?: string
}

/** Connects for a change: with the audit trail, or with `--dry-run` without any write. */
export function connectToWrite(options: WriteOptions): Admin {
  if (options.dryRun === true) return connect(options, { dryRun: true })
  const recorder = trailOf(options)
  return connect(options, recorder === undefined ? {} : { recorder })
}

/** The trail of `--audit` or `CLOAKWRIGHT_AUDIT`, if one is set. */
export function trailOf({ audit, reason }: Pick<WriteOptions, 'audit' | 'reason'>): AuditTrail | undefined {
  const file = audit ?? variable('CLOAKWRIGHT_AUDIT')
  const heads = variable('CLOAKWRIGHT_AUDIT_HEADS')
  if (file === undefined && reason === undefined) return undefined
  if (file === undefined) {
    throw new UsageError('--reason needs an audit trail', 'Add --audit FILE, or set CLOAKWRIGHT_AUDIT')
  }
  return createAuditTrail({
    sink: ndjsonSink(file),
    who: userInfo().username,
    ...(reason === undefined ? {} : { why: reason }),
    ...(heads ? { onHead: headFile(heads) } : {}),
  })
}

interface Words {
  /** The confirmation to ask for first. */
  readonly question?: string
  /** Printed when there was nothing to change. */
  readonly unchanged?: string
}

/** Runs a task, after a confirmation if it has a question, and prints its changes. */
export async function change(
  options: WriteOptions,
  task: (admin: Admin) => Promise<readonly Change[]>,
  { question, unchanged = 'Nothing to change: it is already as requested' }: Words = {},
): Promise<void> {
  const isDryRun = options.dryRun === true
  const admin = connectToWrite(options)
  if (question !== undefined) await sure(admin, question, options)
  const changes = await task(admin)
  if (options.json === true) return print(toJson({ dryRun: isDryRun, changes }, 2))
  for (const each of changes) print(describe(each))
  const count = changes.length
  if (count === 0) print(unchanged)
  else if (isDryRun) print(`${count} to change`)
  else print(`${count} changed`)
}

/** Asks for confirmation and names the realm. A dry run does not ask. */
export async function sure(admin: Admin, question: string, options: WriteOptions): Promise<void> {
  const isSure = options.yes === true || options.dryRun === true
  await confirmed(`${question} (realm ${admin.realm} at ${admin.server})`, isSure)
}

const signs = { create: '+', update: '~', delete: '-' } as const

/** Formats a change as one line without values: `~ user alice: enabled`. */
function describe({ action, kind, name, fields }: Change): string {
  const changed = fields.length === 0 || action !== 'update' ? '' : `: ${fields.join(', ')}`
  return escaped(`${signs[action]} ${kind} ${name}${changed}`)
}
