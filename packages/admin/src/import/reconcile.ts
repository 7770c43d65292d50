import type { Admin } from '../admin.ts'
import { changedFields } from '../realm/compare.ts'
import type { UserRepresentation } from '../representations.ts'
import { usersById } from '../jobs/users-by-id.ts'
import type { Journal } from '../jobs/journal.ts'
import { readMembers, readMembershipsOfEach, WantedMemberships } from './memberships.ts'
import { inBatches, type Pace } from '../jobs/pace.ts'
import { hiddenAttributes } from './profile.ts'
import { type ProgressListener, startPhase } from '../jobs/progress.ts'
import type { RealmFacts } from '../jobs/realm-facts.ts'
import type { UserFile } from '../files/rows.ts'
import { toWanted, type WantedUser } from './wanted.ts'

/** What the realm has of the users that an import made or found. */
export interface Reconciled {
  /** Users that were looked for. */
  readonly checked: number
  /** Users that are not there. */
  readonly missing: number
  /** Users that are there otherwise than the file has them. */
  readonly differing: number
  /** Memberships that were not read: of roles and groups with more than 20,000 members, most of them not of this file. */
  readonly unchecked: number
  /** The first hundred of those that are missing or differ: what is missing is the `user`, or these fields, roles and groups. */
  readonly lines: readonly { readonly line: number; readonly fields: readonly string[] }[]
}

/** What reconciliation needs to know of an import. */
export interface Reconciliation {
  readonly admin: Admin
  readonly file: UserFile
  readonly facts: RealmFacts
  readonly journal: Journal
  readonly pace: Pace
  readonly rows: number
  readonly options: { readonly signal?: AbortSignal; readonly onProgress?: ProgressListener }
}

const mostLines = 100
/** Up to so many users it costs less to read what each has than who has each role and group. */
const fewUsers = 100

/**
 * Reads the users of an import again and compares them with the file: many users with one request, and the members of
 * each role and group by pages, so that the number of requests does not grow with users times memberships. Of up to 100
 * users it reads the roles and groups of each.
 */
export async function reconcile(run: Reconciliation): Promise<Reconciled> {
  const { admin, facts, pace, options } = run
  const wrong = new Map<number, string[]>()
  const wrongLines = new Set<number>()
  let checked = 0
  let missing = 0
  const memberships = new WantedMemberships()
  const few: string[] = []
  const phase = startPhase('reconciling', undefined, options.onProgress)

  function add(line: number, field: string): void {
    wrongLines.add(line)
    const fields = wrong.get(line)
    if (fields !== undefined) fields.push(field)
    else if (wrong.size < mostLines) wrong.set(line, [field])
  }

  await inBatches(
    wantedUsers(run),
    pace,
    async (batch) => {
      const ids = batch.map((user) => idOf(run, user))
      const isBrief = batch.every(({ representation }) => representation.attributes === undefined)
      const there = await pace.send(() => usersById(admin.client, admin.realm, ids, isBrief))
      for (const user of batch) {
        const found = there.get(idOf(run, user))
        checked += 1
        if (found === undefined) {
          missing += 1
          add(user.line, 'user')
          continue
        }
        for (const field of differences(facts, user.representation, found)) add(user.line, field)
        memberships.want(user.line, idOf(run, user), user.representation, facts)
        if (few.length <= fewUsers) few.push(idOf(run, user))
      }
      phase.add(batch.length)
    },
    options.signal,
  )
  if (few.length <= fewUsers) await readMembershipsOfEach(admin, pace, memberships, few, options.signal)
  else await readMembers(admin, facts, pace, memberships, options.signal)
  for (const { line, name } of memberships.missing()) add(line, name)
  phase.end()
  const lines = [...wrong].map(([line, fields]) => ({ line, fields }))
  const { unchecked } = memberships
  return {
    checked,
    missing,
    differing: wrongLines.size - missing,
    unchecked,
    lines: lines.toSorted((a, b) => a.line - b.line),
  }
}

async function* wantedUsers({
  file,
  facts,
  journal,
}: Reconciliation): AsyncGenerator<WantedUser, void, undefined> {
  for await (const row of file.rows()) {
    const outcome = journal.outcome(row.line)
    if ('user' in row && (outcome === 'created' || outcome === 'present')) yield toWanted(row, file, facts)
  }
}

function idOf({ journal }: Reconciliation, { line, id }: WantedUser): string {
  return journal.idOf(line) ?? id
}

function differences(facts: RealmFacts, wanted: UserRepresentation, found: UserRepresentation): string[] {
  const { enabled = false, emailVerified, firstName, lastName, email, attributes = {} } = wanted
  const hidden = hiddenAttributes(facts.profile, Object.keys(attributes))
  const shown = Object.entries(attributes)
    .filter(([name]) => !hidden.includes(name))
    .map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(String)] as const)
  return changedFields(
    {
      enabled,
      ...(emailVerified === undefined ? {} : { emailVerified }),
      ...(firstName === undefined ? {} : { firstName }),
      ...(lastName === undefined ? {} : { lastName }),
      ...(email === undefined ? {} : { email: email.toLowerCase() }),
      attributes: Object.fromEntries(shown),
    },
    found,
  )
}
