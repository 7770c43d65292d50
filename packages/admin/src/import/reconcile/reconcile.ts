import { changedFields } from '../../fields/index.ts'
import { inBatches, type JobRun, type Journal } from '../../jobs/index.ts'
import { usersById } from '../../lookup/index.ts'
import { type Phase, startPhase } from '../../progress/index.ts'
import { type PlannedUser, planUser } from '../planned-user.ts'
import { comparedFields, type UsersToConfirm } from './users-to-confirm.ts'
import { readMembers, readMembershipsOfEach } from './wanted-memberships.ts'

/** The comparison of the realm with the users of an import. */
export interface Reconciled {
  /** Users that were compared. */
  readonly checked: number
  /** Users that no longer exist. */
  readonly missing: number
  /** Users that differ from the file. */
  readonly differing: number
  /** Memberships that were not read: of roles and groups with more than 20,000 members, most of them not of this file. */
  readonly unchecked: number
  /** The first hundred of those that are missing or differ: what is missing is the `user`, or these fields, roles and groups. */
  readonly lines: readonly { readonly line: number; readonly fields: readonly string[] }[]
}

/** What reconciliation needs to know of an import. */
interface Reconciliation extends Pick<JobRun, 'admin' | 'file' | 'facts' | 'pace' | 'options'> {
  readonly journal: Journal
  readonly toConfirm: UsersToConfirm
}

const mostLines = 100

/**
 * Reads the users of an import again and compares them with the file. The members of each role and group are read by pages,
 * so that the number of requests does not grow with users times memberships, and most users are compared where they stand
 * there; the others are read by id, many with one request. Of up to 100 users it reads the roles and groups of each.
 */
export async function reconcile(run: Reconciliation): Promise<Reconciled> {
  const { admin, facts, pace, options, toConfirm } = run
  const { signal } = options
  const { count, few, fingerprints, memberships } = toConfirm
  const phase = startPhase('reconciling', count, options.onProgress)
  if (few === undefined) {
    await readMembers(admin, facts, pace, memberships, signal, (user) => {
      if (fingerprints.confirms(user)) phase.add(1)
    })
  }
  const found = await compareById(run, phase)
  if (few !== undefined) {
    const ids = few.filter(({ line }) => !found.missing.has(line)).map(({ id }) => id)
    await readMembershipsOfEach(admin, pace, memberships, ids, signal)
  }
  for (const { line, name } of memberships.missing()) {
    if (!found.missing.has(line)) found.add(line, name)
  }
  phase.end()
  const { unchecked } = memberships
  return {
    checked: count,
    missing: found.missing.size,
    differing: found.wrong.size - found.missing.size,
    unchecked,
    lines: [...found.fields].map(([line, fields]) => ({ line, fields })).toSorted((a, b) => a.line - b.line),
  }
}

/** What is not as the file has it. */
class Differences {
  /** Lines of users that are not there. */
  readonly missing = new Set<number>()
  readonly wrong = new Set<number>()
  /** Of the first hundred lines. */
  readonly fields = new Map<number, string[]>()

  add(line: number, field: string): void {
    this.wrong.add(line)
    const fields = this.fields.get(line)
    if (fields !== undefined) fields.push(field)
    else if (this.fields.size < mostLines) this.fields.set(line, [field])
  }
}

/** Reads the users that are not confirmed, and compares them field by field. */
async function compareById(run: Reconciliation, phase: Phase): Promise<Differences> {
  const { admin, facts, pace, options } = run
  const { fingerprints } = run.toConfirm
  const differences = new Differences()
  if (fingerprints.open === 0) return differences
  await inBatches(
    unconfirmedUsers(run),
    pace,
    async (batch) => {
      const ids = batch.map((user) => idOf(run, user))
      const isBrief = batch.every(({ representation }) => representation.attributes === undefined)
      const there = await pace.send(() => usersById(admin.client, admin.realm, ids, isBrief))
      for (const user of batch) {
        const { line, representation } = user
        const found = there.get(idOf(run, user))
        if (found === undefined) {
          differences.missing.add(line)
          differences.add(line, 'user')
          continue
        }
        for (const field of changedFields(comparedFields(facts, representation), found))
          differences.add(line, field)
      }
      phase.add(batch.length)
    },
    options.signal,
  )
  return differences
}

async function* unconfirmedUsers(run: Reconciliation): AsyncGenerator<PlannedUser, void, undefined> {
  const { file, facts, journal, options, toConfirm } = run
  for await (const row of file.rows()) {
    options.signal?.throwIfAborted()
    const outcome = journal.outcome(row.line)
    if (!('user' in row) || (outcome !== 'created' && outcome !== 'present')) continue
    const user = planUser(row, file, facts)
    if (!toConfirm.fingerprints.isConfirmed(idOf(run, user))) yield user
  }
}

function idOf({ journal }: Reconciliation, { line, id }: PlannedUser): string {
  return journal.idOf(line) ?? id
}
