import type { Admin } from '../admin.ts'
import { changedFields } from '../realm/compare.ts'
import type { UserRepresentation } from '../representations.ts'
import { usersById } from '../jobs/users-by-id.ts'
import type { Journal } from '../jobs/journal.ts'
import { Fingerprints } from './fingerprints.ts'
import { readMembers, readMembershipsOfEach, WantedMemberships } from './memberships.ts'
import { inBatches, type Pace } from '../jobs/pace.ts'
import { hiddenAttributes } from './profile.ts'
import { type Phase, type ProgressListener, startPhase } from '../jobs/progress.ts'
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
 * Reads the users of an import again and compares them with the file. The members of each role and group are read by pages,
 * so that the number of requests does not grow with users times memberships, and most users are compared where they stand
 * there; the others are read by id, many with one request. Of up to 100 users it reads the roles and groups of each.
 */
export async function reconcile(run: Reconciliation): Promise<Reconciled> {
  const { admin, facts, pace, options } = run
  const { signal } = options
  const memberships = new WantedMemberships()
  const fingerprints = new Fingerprints()
  const few: { readonly line: number; readonly id: string }[] = []
  let checked = 0
  for await (const user of wantedUsers(run)) {
    const { line, representation } = user
    const id = idOf(run, user)
    checked += 1
    memberships.want(line, id, representation, facts)
    fingerprints.want(id, comparedFields(facts, representation))
    if (few.length <= fewUsers) few.push({ line, id })
  }

  const phase = startPhase('reconciling', checked, options.onProgress)
  const isMany = few.length > fewUsers
  if (isMany) {
    await readMembers(admin, facts, pace, memberships, signal, (user) => {
      if (fingerprints.confirms(user)) phase.add(1)
    })
  }
  const found = await compareById(run, fingerprints, phase)
  if (!isMany) {
    const ids = few.filter(({ line }) => !found.missing.has(line)).map(({ id }) => id)
    await readMembershipsOfEach(admin, pace, memberships, ids, signal)
  }
  for (const { line, name } of memberships.missing()) {
    if (!found.missing.has(line)) found.add(line, name)
  }
  phase.end()
  const { unchecked } = memberships
  return {
    checked,
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
async function compareById(
  run: Reconciliation,
  fingerprints: Fingerprints,
  phase: Phase,
): Promise<Differences> {
  const { admin, facts, pace, options } = run
  const differences = new Differences()
  await inBatches(
    wantedUsers(run, (id) => !fingerprints.isConfirmed(id)),
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

/** The users that the import made or found, of those only the ones whose id is asked for. */
async function* wantedUsers(
  run: Reconciliation,
  isAsked: (id: string) => boolean = () => true,
): AsyncGenerator<WantedUser, void, undefined> {
  const { file, facts, journal, options } = run
  for await (const row of file.rows()) {
    options.signal?.throwIfAborted()
    const outcome = journal.outcome(row.line)
    if (!('user' in row) || (outcome !== 'created' && outcome !== 'present')) continue
    const user = toWanted(row, file, facts)
    if (isAsked(idOf(run, user))) yield user
  }
}

function idOf({ journal }: Reconciliation, { line, id }: WantedUser): string {
  return journal.idOf(line) ?? id
}

/** What the row says of the user itself, as Keycloak keeps it; attributes that the realm hides are left out. */
export function comparedFields(facts: RealmFacts, wanted: UserRepresentation): UserRepresentation {
  const { enabled = false, emailVerified, firstName, lastName, email, attributes = {} } = wanted
  const hidden = hiddenAttributes(facts.profile, Object.keys(attributes))
  const shown = Object.entries(attributes)
    .filter(([name]) => !hidden.includes(name))
    .map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(String)] as const)
  return {
    enabled,
    ...(emailVerified === undefined ? {} : { emailVerified }),
    ...(firstName === undefined ? {} : { firstName }),
    ...(lastName === undefined ? {} : { lastName }),
    ...(email === undefined ? {} : { email: email.toLowerCase() }),
    attributes: Object.fromEntries(shown),
  }
}
