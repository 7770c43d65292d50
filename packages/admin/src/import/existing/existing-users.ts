import { changedFields } from '../../fields/index.ts'
import type { UserRow } from '../../files/index.ts'
import { type End, inBatches, type JobRun } from '../../jobs/index.ts'
import { usersById } from '../../lookup/index.ts'
import { startPhase } from '../../progress/index.ts'
import { emailOf, mayBeAddress, type PlannedUser, planUser, toOwn } from '../planned-user.ts'
import { comparedFields, readMembers, readMembershipsOfEach, WantedMemberships } from '../reconcile/index.ts'
import { foreignAddress, foreignEmail, foreignId, foreignName } from '../send/index.ts'
import { createUserLookup, type UserLookup } from './user-lookup.ts'

/** Users who exist already and were left unchanged, compared with their rows. */
export interface LeftUnchanged {
  /** Rows that say something else than their user has. */
  readonly differing: number
  /** In which fields, roles and groups, with the number of rows; the hundred that differ most often. */
  readonly fields: readonly { readonly field: string; readonly rows: number }[]
}

/** What the search for existing users needs to know of an import. */
type ExistingSearch = Pick<JobRun, 'admin' | 'file' | 'facts' | 'pace' | 'options'>

/** How the import of each row would end, told by what the realm has; nothing is written. */
export async function foreseeEnds(
  run: ExistingSearch,
  rows: number,
  isAsked: (line: number) => boolean,
  settle: (row: UserRow, end: End) => Promise<void>,
): Promise<void> {
  const { pace, options } = run
  const lookup = await lookupOf(run, rows, isAsked)
  const phase = startPhase('looking up', rows, options.onProgress)
  const work = async (batch: readonly PlannedUser[]): Promise<void> => {
    const withId = batch.filter(({ row }) => row.user.id !== undefined)
    const byId = await pace.send(() =>
      usersById(
        run.admin.client,
        run.admin.realm,
        withId.map(({ id }) => id),
      ),
    )
    for (const user of batch)
      await settle(user.row, await foreseen(run, lookup, user, byId.get(user.id)?.username))
    phase.add(batch.length)
  }
  await inBatches(rowsOf(run, isAsked), pace, work, options.signal)
  phase.end()
}

async function foreseen(
  { facts }: ExistingSearch,
  lookup: UserLookup,
  { line, id, name, row }: PlannedUser,
  nameOfId: string | undefined,
): Promise<End> {
  if (nameOfId !== undefined)
    return nameOfId === name ? { line, outcome: 'present' } : { line, outcome: 'rejected', reason: foreignId }
  const found = await lookup.byName(name)
  if (found !== undefined) return { line, outcome: found.id === id ? 'present' : 'existing' }
  const email = emailOf(row)
  if (mayBeAddress(name, email, facts) && (await lookup.byEmail(name)) !== undefined)
    return { line, outcome: 'rejected', reason: foreignAddress }
  if (mayBeAddress(email, name, facts) && (await lookup.byName(email)) !== undefined)
    return { line, outcome: 'rejected', reason: foreignName }
  const isTaken = email !== '' && !facts.duplicateEmailsAllowed && (await lookup.byEmail(email)) !== undefined
  return isTaken ? { line, outcome: 'rejected', reason: foreignEmail } : { line, outcome: 'created' }
}

const mostFields = 100
/** Up to so many users it costs less to read what each has than who has each role and group. */
const fewUsers = 100

/** Compares users who exist already with their rows: what the rows say, not what the realm gives to each new user. */
export async function compareExisting(
  run: ExistingSearch,
  rows: number,
  isAsked: (line: number) => boolean,
): Promise<LeftUnchanged> {
  if (rows === 0) return { differing: 0, fields: [] }
  const { admin, facts, pace, options } = run
  const lookup = await lookupOf(run, rows, isAsked)
  const lines = new Set<number>()
  const rowsOfField = new Map<string, number>()
  const memberships = new WantedMemberships()
  const few: string[] = []
  const phase = startPhase('comparing', rows, options.onProgress)

  function add(line: number, field: string): void {
    lines.add(line)
    rowsOfField.set(field, (rowsOfField.get(field) ?? 0) + 1)
  }

  const work = async (batch: readonly PlannedUser[]): Promise<void> => {
    const existing = await Promise.all(batch.map(({ name }) => lookup.byName(name)))
    const ids = existing.flatMap((user) => user?.id ?? [])
    const there = await pace.send(() => usersById(admin.client, admin.realm, ids, false))
    for (const [at, { line, row }] of batch.entries()) {
      const id = existing[at]?.id ?? ''
      const found = there.get(id)
      // Someone has deleted it meanwhile.
      if (found === undefined) continue
      const own = toOwn(row.user, facts)
      if (own.id !== undefined && own.id !== id) add(line, 'id')
      for (const field of changedFields(comparedFields(facts, own), found)) add(line, field)
      memberships.want(line, id, own, facts)
      if (few.length <= fewUsers) few.push(id)
    }
    phase.add(batch.length)
  }
  await inBatches(rowsOf(run, isAsked), pace, work, options.signal)
  if (few.length <= fewUsers) await readMembershipsOfEach(admin, pace, memberships, few, options.signal)
  else await readMembers(admin, facts, pace, memberships, options.signal, () => {})
  for (const { line, name } of memberships.missing()) add(line, name)
  phase.end()
  const fields = [...rowsOfField].map(([field, count]) => ({ field, rows: count }))
  return { differing: lines.size, fields: fields.toSorted((a, b) => b.rows - a.rows).slice(0, mostFields) }
}

function lookupOf(
  run: ExistingSearch,
  rows: number,
  isAsked: (line: number) => boolean,
): Promise<UserLookup> {
  return createUserLookup(run.admin, run.pace, rows, () => rowsOf(run, isAsked), run.options.signal)
}

async function* rowsOf(
  { file, facts }: ExistingSearch,
  isAsked: (line: number) => boolean,
): AsyncGenerator<PlannedUser, void, undefined> {
  for await (const row of file.rows())
    if ('user' in row && isAsked(row.line)) yield planUser(row, file, facts)
}
