import { existsSync } from 'node:fs'
import { type AuditEntry, auditEntries, ndjsonSink } from '@cloakwright/admin/audit'
import { CloakwrightError } from 'cloakwright'
import { variable } from '../../environment/index.ts'
import { UsageError } from '../../exit.ts'
import { localTime, note, printList, spanText, toJson, toSpan } from '../../terminal/index.ts'

interface Options {
  readonly since?: string
  readonly until?: string
  readonly by?: string
  readonly user?: string
  readonly json?: true
}

/** `cloakwright audit list`. */
export async function list(given: string | undefined, options: Options): Promise<void> {
  const file = requireTrail(given)
  const span = toSpan(options)
  let unreadable = 0
  const entries = auditEntries(ndjsonSink(file), { onUnreadable: () => (unreadable += 1) })
  await printList(
    chosen(entries, (entry) => {
      const time = Date.parse(entry.time)
      return time >= span.since && time <= span.until && isBy(entry, options.by) && isOf(entry, options.user)
    }),
    [
      { name: 'when', of: ({ time }) => localTime(Date.parse(time)) },
      { name: 'who', of: whoOf },
      { name: 'what', of: ({ action, kind, name }) => `${action} ${kind} ${name}` },
      { name: 'before → after', of: changesOf },
      { name: 'why', of: ({ why }) => why },
    ],
    options.json === true,
    () => emptyText(file, options),
  )
  if (unreadable > 0) {
    note(`${unreadable} lines of ${file} can't be read: check it with cloakwright audit verify ${file}`)
  }
}

async function* chosen(
  entries: AsyncIterable<AuditEntry>,
  isWanted: (entry: AuditEntry) => boolean,
): AsyncGenerator<AuditEntry, void, undefined> {
  for await (const entry of entries) if (isWanted(entry)) yield entry
}

function isBy({ who, account }: AuditEntry, by: string | undefined): boolean {
  return by === undefined || [who, account].some((name) => name?.toLowerCase() === by.toLowerCase())
}

function isOf({ kind, name, id }: AuditEntry, user: string | undefined): boolean {
  if (user === undefined) return true
  if (kind !== 'user' && kind !== 'session') return false
  return name.toLowerCase() === user.toLowerCase() || `id:${id}` === user
}

function whoOf({ who, account }: AuditEntry): string {
  return account === undefined || account === who ? who : `${who} (${account})`
}

/** Fields that are told of one change, and characters of one value; `--json` has all of it. */
const mostFields = 8
const mostCharacters = 60

/** `enabled: yes → no; attributes.team: none → blue`. */
function changesOf({ action, fields, before = {}, after = {} }: AuditEntry): string {
  const names = fields.length > 0 ? fields : Object.keys(action === 'delete' ? before : after)
  const told = names.slice(0, mostFields).map((name) => {
    const [old, current] = [valueOf(before, name), valueOf(after, name)]
    if (old === undefined && current === undefined) return name
    if (action === 'create') return `${name}: ${current}`
    return action === 'delete' ? `${name}: ${old}` : `${name}: ${old ?? 'none'} → ${current ?? 'none'}`
  })
  const more = names.length - told.length
  return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

function valueOf(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  if (value === undefined) return undefined
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string')
  const text = typeof value === 'string' ? value : isList ? value.join(', ') : toJson(value)
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}

function emptyText(file: string, options: Options): string {
  const { by, user, since, until } = options
  const filters = `${spanText(options)}${by === undefined ? '' : ` by ${by}`}${user === undefined ? '' : ` of user ${user}`}`
  if (filters === '') return `The trail ${file} has no entries yet`
  const wider = since !== undefined || until !== undefined ? 'Try a longer time: --since 30d' : undefined
  const other =
    by === undefined ? 'User names are exact' : 'Names are exact; --by is who asked or the account'
  return `No change in ${file}${filters}. ${wider ?? other}`
}

/**
 * The trail to read, by default that of CLOAKWRIGHT_AUDIT.
 *
 * @throws {UsageError} where none is named
 * @throws {CW_CONFIG_MISSING} where there is no such file
 */
export function requireTrail(given: string | undefined): string {
  const file = given ?? variable('CLOAKWRIGHT_AUDIT')
  if (file === undefined) {
    throw new UsageError('No trail is named', 'Give its file, or set CLOAKWRIGHT_AUDIT')
  }
  if (existsSync(file)) return file
  throw new CloakwrightError('CW_CONFIG_MISSING', `There is no trail ${file}`, {
    hint: 'Give the file that --audit or CLOAKWRIGHT_AUDIT named',
  })
}
