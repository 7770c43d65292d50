import { userInfo } from 'node:os'
import type { Admin, Change } from '@cloakwright/admin'
import { type AuditTrail, createAuditTrail, headFile, ndjsonSink } from '@cloakwright/admin/audit'
import { variable } from '../environment/index.ts'
import { UsageError } from '../exit.ts'
import { confirmed, escaped, print, toJson } from '../terminal/index.ts'
import { type ConnectionOptions, connect } from './connection.ts'

/** The options of every command that changes something: program/options.ts describes them. */
export interface WriteOptions extends ConnectionOptions {
  readonly dryRun?: true
  readonly json?: true
  readonly yes?: true
  readonly reason?: string
  readonly audit?: string
}

/** Access to the realm for a command that changes something: with its audit trail, or with `--dry-run` such that nothing changes. */
export function connectToWrite(options: WriteOptions): Admin {
  if (options.dryRun === true) return connect(options, { dryRun: true })
  const recorder = trailOf(options)
  return connect(options, recorder === undefined ? {} : { recorder })
}

/** The trail of `--audit` or `CLOAKWRIGHT_AUDIT`; none where nothing names one. */
export function trailOf({ audit, reason }: Pick<WriteOptions, 'audit' | 'reason'>): AuditTrail | undefined {
  const file = audit ?? variable('CLOAKWRIGHT_AUDIT')
  const heads = variable('CLOAKWRIGHT_AUDIT_HEADS')
  if (file === undefined && reason === undefined) return undefined
  if (file === undefined) {
    throw new UsageError(
      '--reason is for the trail, and there is none',
      'Name its file: --audit FILE, or CLOAKWRIGHT_AUDIT',
    )
  }
  return createAuditTrail({
    sink: ndjsonSink(file),
    who: userInfo().username,
    ...(reason === undefined ? {} : { why: reason }),
    ...(heads ? { onHead: headFile(heads) } : {}),
  })
}

interface Words {
  /** Asked first, where it destroys something. */
  readonly question?: string
  /** Said where the realm was so before: what is asked for and can't be done is an error, not this. */
  readonly unchanged?: string
}

/** Carries out a task, after its question where it destroys something, and says what it changed. */
export async function change(
  options: WriteOptions,
  task: (admin: Admin) => Promise<readonly Change[]>,
  { question, unchanged = 'Nothing to change: it is so already' }: Words = {},
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

/** Asks before something is destroyed, and says where; a dry run destroys nothing. */
export async function sure(admin: Admin, question: string, options: WriteOptions): Promise<void> {
  const isSure = options.yes === true || options.dryRun === true
  await confirmed(`${question} (realm ${admin.realm} at ${admin.server})`, isSure)
}

const signs = { create: '+', update: '~', delete: '-' } as const

/** One line without values: `~ user alice: enabled`. */
function describe({ action, kind, name, fields }: Change): string {
  const changed = fields.length === 0 || action !== 'update' ? '' : `: ${fields.join(', ')}`
  return escaped(`${signs[action]} ${kind} ${name}${changed}`)
}
