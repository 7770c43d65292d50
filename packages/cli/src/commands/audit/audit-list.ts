import { existsSync } from 'node:fs'
import { type AuditEntry, auditEntries, ndjsonSink } from '@cloakwright/admin/audit'
import { CloakwrightError } from 'cloakwright'
import { variable } from '../../environment/index.ts'
import { UsageError } from '../../exit.ts'
import { countOf, localTime, note, printList, spanText, toJson, toSpan } from '../../terminal/index.ts'

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
      { name: 'time', of: ({ time }) => localTime(Date.parse(time)) },
      { name: 'by', of: whoOf },
      { name: 'change', of: ({ action, kind, name }) => `${action} ${kind} ${name}` },
      { name: 'before → after', of: changesOf },
      { name: 'reason', of: ({ why }) => why },
    ],
    options.json === true,
    () => emptyText(file, options),
  )
  if (unreadable > 0) {
    note(
      `${countOf(unreadable, 'line')} of ${file} could not be read. Check: cloakwright audit verify ${file}`,
    )
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

/** The limits for fields of one change and characters of one value. `--json` prints all. */
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
  if (value === null || value === '') return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const list = listOf(name, value)
  if (list?.length === 0) return 'none'
  const text = typeof value === 'string' ? value : (list?.join(', ') ?? toJson(value))
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text
}

/** Roles, attributes and lists of strings as a plain list: `editor, shop-api:stock-keeper`, `team=red`. */
function listOf(name: string, value: unknown): readonly string[] | undefined {
  if (isStrings(value)) return value
  if (name === 'clientRoles') return pairsOf(value, ':')
  if (name === 'attributes') return pairsOf(value, '=')
  if (name !== 'roles') return undefined
  const { realm = [], client = {} } = value as { readonly realm?: unknown; readonly client?: unknown }
  const clientRoles = pairsOf(client, ':')
  return isStrings(realm) && clientRoles !== undefined ? [...realm, ...clientRoles] : undefined
}

function pairsOf(value: unknown, between: string): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const entries = Object.entries(value as Readonly<Record<string, unknown>>)
  if (!entries.every((entry): entry is [string, readonly string[]] => isStrings(entry[1]))) return undefined
  return entries.flatMap(([name, values]) => values.map((each) => `${name}${between}${each}`))
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function emptyText(file: string, options: Options): string {
  const { by, user, since, until } = options
  const filters = `${spanText(options)}${by === undefined ? '' : ` by ${by}`}${user === undefined ? '' : ` of user ${user}`}`
  if (filters === '') return `The trail ${file} has no entries yet`
  const wider = since !== undefined || until !== undefined ? 'Try a longer time: --since 30d' : undefined
  const other =
    by === undefined ? 'Give the exact user name' : 'Give the exact name of the person or the account to --by'
  return `No changes in ${file}${filters}. ${wider ?? other}`
}

/**
 * The trail to read, by default CLOAKWRIGHT_AUDIT.
 *
 * @throws {UsageError} when neither is given
 * @throws {CW_CONFIG_MISSING} when the file does not exist
 */
export function requireTrail(given: string | undefined): string {
  const file = given ?? variable('CLOAKWRIGHT_AUDIT')
  if (file === undefined) {
    throw new UsageError('No trail was given', 'Give its file, or set CLOAKWRIGHT_AUDIT')
  }
  if (existsSync(file)) return file
  throw new CloakwrightError('CW_CONFIG_MISSING', `The trail ${file} does not exist`, {
    hint: 'Give the file that was used with --audit or CLOAKWRIGHT_AUDIT',
  })
}
