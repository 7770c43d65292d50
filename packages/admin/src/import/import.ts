import type { Admin } from '../admin.ts'
import { type Change, recorded } from '../changes.ts'
import { without } from '../realm/compare.ts'
import { type Sending, sendUsers } from './batches.ts'
import { usersById } from '../jobs/users-by-id.ts'
import type { DeadLetter } from '../files/dead-letter.ts'
import { noUserNames } from '../files/header.ts'
import { openRejected, requireOwnRows } from '../jobs/rejected.ts'
import { compareExisting, foreseeEnds, type LeftUnchanged } from './existing.ts'
import { createExpectations } from './expectations.ts'
import { requireDefaultGroups } from './default-groups.ts'
import { createRowCheck, type RowCheck } from './import-check.ts'
import { requireImportRights } from './rights.ts'
import { createReferenceCheck } from './references.ts'
import { type Journal, openJournal } from '../jobs/journal.ts'
import { type End, isOwn } from '../jobs/journal-records.ts'
import { LineMap } from '../jobs/line-map.ts'
import { createPace, inBatches, type Pace } from '../jobs/pace.ts'
import { type ProgressListener, startPhase } from '../jobs/progress.ts'
import { type RealmFacts, readRealmFacts } from '../jobs/realm-facts.ts'
import { createNameClash, type NameClash } from './name-clashes.ts'
import { createProfileCheck } from './profile.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import type { Row, UserFile, UserRow } from '../files/rows.ts'
import { completeSingly, findByName, foreignId, proved } from './single.ts'
import { type ImportWarning, Warnings } from './warnings.ts'
import { jobOptions, requireKnown } from '../known-fields.ts'
import { toJournalRow, toMarked, toWanted, type WantedUser } from './wanted.ts'

/** Options of {@link importUsers}. */
export interface ImportOptions {
  /** The job's journal: a path that nothing is on, or that of a run that did not come to its end. Mode 0600. */
  readonly journal: string
  /** Where rows go that could not be used, with their line and the reason. Only written when there are any. Mode 0600. */
  readonly deadLetter: string
  /** Checks the rows, and that the credentials may do all of it; writes nothing but the dead-letter file. Default: false. */
  readonly dryRun?: boolean
  /** Begins no further batch and ends with the signal's reason; the same call continues. */
  readonly signal?: AbortSignal
  readonly onProgress?: ProgressListener
}

/** What an import did, in this run and those that it continued. */
export interface ImportReport {
  readonly rows: number
  /** Users that this job made, or that it would make. */
  readonly created: number
  /** Users that another import of the same file made, earlier or meanwhile, or that have a row's own id. */
  readonly present: number
  /** Users of these names who exist already: they were left unchanged. */
  readonly existing: number
  /** Rows that are wrong, whose e-mail address or id another user has, or that Keycloak refused. They are in the dead-letter file. */
  readonly failed: number
  /** How the existing users differ from their rows; in a dry run the present ones too. */
  readonly leftUnchanged: LeftUnchanged
  /** What usable rows lead to expect and the realm does not do, once for each column or field. A dry run has the same. */
  readonly warnings: readonly ImportWarning[]
  /** The realm read again after the import, and compared with the file; undefined for a dry run. */
  readonly reconciled: Reconciled | undefined
  /** Of this run. */
  readonly seconds: number
}

/**
 * Creates the users of a file, with their roles, groups and credentials, in batches as large and as many at once as the
 * server bears; memory stays flat. Bad rows do not stop the rest.
 *
 * The same call with the same journal continues where a run ended, whatever ended it: each user is made once. What the job
 * made is taken back by {@link undoJob}. Needs `manage-realm` and `manage-users` of `realm-management`,
 * and `view-clients` where rows name clients.
 * Changes are recorded batch by batch; after a kill, those of the last batches may be recorded again.
 *
 * Each user is made with a `createdTimestamp` of the last minute, chosen by chance and kept in the journal: it tells the
 * job's users from those that another import of the file makes at the same time. Rows with one of their own keep it: of
 * these, a job counts as created also what another made while its own answer was lost, or its run killed.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process works on the journal; the message names its host and pid
 * @throws {CW_JOURNAL_MISMATCH} when the journal is that of another file, realm or server
 * @throws {CW_JOURNAL_INVALID} when the journal is damaged
 * @throws {CW_ADMIN_FORBIDDEN} when the credentials lack a role of `realm-management`; a dry run names all that are missing
 * @throws {CW_FILE_EXISTS} when a new job finds a dead-letter file
 * @throws {CW_FILE_INVALID} when a CSV file has no user names, and the realm does not take addresses for them
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak is not ready for minutes; the same call continues
 * @example
 * ```ts
 * import { type Admin, importUsers, type UserFile } from '@cloakwright/admin'
 *
 * export async function importAll(admin: Admin, file: UserFile): Promise<void> {
 *   const report = await importUsers(admin, file, { journal: 'users.journal', deadLetter: 'users.rejected.ndjson' })
 *   console.log(`${report.created} created, ${report.failed} failed`)
 * }
 * ```
 */
export async function importUsers(
  admin: Admin,
  file: UserFile,
  options: ImportOptions,
): Promise<ImportReport> {
  requireKnown('importUsers', options, jobOptions)
  const began = performance.now()
  requireOwnRows(file, 'import')
  // The import itself fails at its first request without them; a dry run sends none.
  if (options.dryRun === true) await requireImportRights(admin)
  const facts = await readRealmFacts(admin)
  await requireUserNames(file, facts)
  if (file.format !== 'keycloak') await requireDefaultGroups(admin, facts)
  const header = {
    job: 'import',
    server: admin.server,
    realm: admin.realm,
    realmId: facts.realmId,
    file: file.digest,
  }
  const journal = options.dryRun === true ? undefined : await openJournal(options.journal, header)
  try {
    const deadLetter = await openRejected('import', options, journal)
    try {
      const run: Run = { admin, file, facts, deadLetter, options }
      const checked = await checkRows(run, journal)
      const { warnings } = checked
      const seconds = (): number => (performance.now() - began) / 1000
      const pace = createPace({ signal: options.signal, batch: lookedUp })
      if (journal === undefined) {
        const foreseen = await foresee({ ...run, pace, ...checked })
        return { ...foreseen, warnings, reconciled: undefined, seconds: seconds() }
      }
      const nameClash = createNameClash(admin, facts, pace)
      const counts = await importRows({ ...run, journal, pace, nameClash, ...checked })
      const reconciled = await reconcile({ ...run, journal, pace, rows: counts.rows })
      const isExisting = (line: number): boolean => isLeft(journal, line)
      const leftUnchanged = await compareExisting({ ...run, pace }, counts.existing, isExisting)
      return { ...counts, leftUnchanged, warnings, reconciled, seconds: seconds() }
    } finally {
      await deadLetter.close()
    }
  } finally {
    await journal?.close()
  }
}

interface Run {
  readonly admin: Admin
  readonly file: UserFile
  readonly facts: RealmFacts
  readonly deadLetter: DeadLetter
  readonly options: ImportOptions
}

interface Counts {
  readonly rows: number
  readonly failed: number
}

interface Checked {
  readonly counts: Counts
  readonly bad: LineMap
  readonly warnings: readonly ImportWarning[]
  /** Rows that only Keycloak can check against the user profile. */
  readonly uncheckedLines: ReadonlySet<number>
}

/** Users whose ids fit into one address. */
const lookedUp = 80

const noEnds = { created: 0, present: 0, existing: 0 }

/** The first pass: what is wrong with the file itself, before anything is written to the realm. */
async function checkRows(run: Run, journal: Journal | undefined): Promise<Checked> {
  const { admin, file, facts, deadLetter, options } = run
  const warnings = new Warnings()
  const references = createReferenceCheck(admin, facts, file, warnings)
  const checkProfile = createProfileCheck(facts, file.format === 'keycloak')
  const uncheckedLines = new Set<number>()
  const check = createRowCheck(facts, checkProfile, references, warnings, uncheckedLines)
  const expectations = createExpectations(admin, facts, warnings)
  const bad = new LineMap()
  const phase = startPhase('checking', undefined, options.onProgress)
  let rows = 0
  let failed = 0
  for await (const row of file.rows()) {
    options.signal?.throwIfAborted()
    rows += 1
    const reason = await reasonOf(row, facts, check)
    if ('user' in row && reason === undefined) await expectations(row)
    warnings.endRow(reason !== undefined)
    // A row that was imported stays so, whatever the realm has lost since.
    const isBad = reason !== undefined && journal?.outcome(row.line) === undefined
    phase.add(1, isBad ? 1 : 0)
    if (!isBad) continue
    failed += 1
    bad.set(row.line, 'failed')
    await deadLetter.write({ line: row.line, reason, raw: 'user' in row ? row.user : row.raw })
  }
  phase.end()
  return { counts: { rows, failed }, bad, warnings: warnings.list(), uncheckedLines }
}

/** Before a journal is begun: the file is of no use as it is. */
async function requireUserNames(file: UserFile, { registrationEmailAsUsername }: RealmFacts): Promise<void> {
  if (file.format !== 'csv' || registrationEmailAsUsername) return
  for await (const row of file.rows()) {
    if (!('user' in row)) continue
    if (row.namedBy === 'email') throw noUserNames(file.path)
    return
  }
}

async function reasonOf(row: Row, facts: RealmFacts, check: RowCheck): Promise<string | undefined> {
  if (!('user' in row)) return row.reason
  const isNameless = row.namedBy === 'email' && !facts.registrationEmailAsUsername
  return isNameless ? 'username is missing' : await check(row)
}

/** What the second pass would come to; the rows that it would reject are in the dead-letter file. */
async function foresee(
  run: Run & Checked & { readonly pace: Pace },
): Promise<Ends & Pick<ImportReport, 'leftUnchanged'>> {
  const { counts, bad, deadLetter } = run
  const total = { ...noEnds, ...counts }
  const found = new LineMap()
  await foreseeEnds(
    run,
    counts.rows - counts.failed,
    (line) => bad.get(line) === undefined,
    async (row, { line, outcome, reason = '' }) => {
      if (outcome === 'changed') return
      total[outcome] += 1
      if (outcome === 'existing' || outcome === 'present') found.set(line, outcome)
      if (outcome === 'failed') await deadLetter.write({ line, reason, raw: row.user })
    },
  )
  const isFound = (line: number): boolean => found.get(line) !== undefined
  const leftUnchanged = await compareExisting(run, total.existing + total.present, isFound)
  return { ...total, leftUnchanged }
}

/** Whether a user of the row's name existed. Journals of earlier releases tell by the reason that another user has its id or address. */
function isLeft(journal: Journal, line: number): boolean {
  return journal.outcome(line) === 'existing' && journal.reason(line) === undefined
}

interface Import extends Run, Checked {
  readonly journal: Journal
  readonly pace: Pace
  readonly nameClash: NameClash
}

type Ends = Counts & typeof noEnds

/** The second pass: everything that was not done in an earlier run. */
async function importRows(run: Import): Promise<Ends> {
  const { counts, options, pace } = run
  const total = { ...noEnds, ...counts }
  const phase = startPhase('importing', counts.rows - counts.failed, options.onProgress)

  async function settle(ended: readonly (readonly [UserRow, End])[], earlier: boolean): Promise<void> {
    let failed = 0
    for (const [row, { line, outcome, reason }] of ended) {
      if (outcome === 'changed') continue
      const isRejected = outcome === 'failed' || (outcome === 'existing' && reason !== undefined)
      total[isRejected ? 'failed' : outcome] += 1
      if (!isRejected) continue
      failed += 1
      await run.deadLetter.write({ line, reason: reason ?? 'it failed in an earlier run', raw: row.user })
    }
    phase.add(ended.length, failed, earlier)
  }

  await inBatches(
    pending(run, (row, end) => settle([[row, end]], true)),
    pace,
    async (batch) => {
      const ends = await importBatch(run, batch)
      const rowOf = new Map(batch.map((user) => [user.line, user.row]))
      await settle(
        ends.map((end) => [rowOf.get(end.line) as UserRow, end] as const),
        false,
      )
    },
    options.signal,
  )
  phase.end()
  return total
}

/** The users that are still to be made; tells of the others. */
async function* pending(
  { file, facts, journal, bad }: Import,
  done: (row: UserRow, end: End) => Promise<void>,
): AsyncGenerator<WantedUser, void, undefined> {
  for await (const row of file.rows()) {
    const { line } = row
    if (!('user' in row) || bad.get(line) !== undefined) continue
    const outcome = journal.outcome(line)
    const reason = journal.reason(line)
    if (outcome === undefined) yield toWanted(row, file, facts)
    else await done(row, { line, outcome, ...(reason === undefined ? {} : { reason }) })
  }
}

/**
 * Makes the users of one batch, the journal always ahead. Of those that an earlier run had begun with, this job has made
 * those that are there with the time that the journal has.
 */
async function importBatch(run: Import, wanted: readonly WantedUser[]): Promise<End[]> {
  const { admin, facts, journal, pace, uncheckedLines } = run
  const batch = wanted.map((user) => toMarked(user, journal.open.get(user.line)))
  const singles: number[] = []
  const sending: Sending = {
    admin,
    facts,
    pace,
    isBegun: ({ line }) => journal.open.has(line),
    nameClash: run.nameClash,
    isUnchecked: ({ line }) => uncheckedLines.has(line),
    async beforeSingle(user) {
      singles.push(await journal.started([{ ...toJournalRow(user), id: '' }]))
    },
  }
  // Of others the answer to a first attempt tells whether they were there.
  const unsure = batch.filter(({ line, row }) => journal.open.has(line) || row.user.id !== undefined)
  const there = await pace.send(() =>
    usersById(
      admin.client,
      admin.realm,
      unsure.map(({ id }) => id),
    ),
  )
  const ends: End[] = []
  const mine: WantedUser[] = []
  for (const user of batch) {
    const { line, id, name, row } = user
    const found = there.get(id)
    const begun = journal.open.get(line)
    const single = begun?.id === '' ? await findByName(sending, name) : undefined
    // Nobody knows whether the earlier run got as far as to send it: somebody else may have made a user of that name.
    if (single !== undefined && begun !== undefined && isOwn(begun, single))
      ends.push(await completeSingly(sending, user, single.id ?? ''))
    else if (found === undefined) mine.push(user)
    else if (row.user.id !== undefined && found.username !== name)
      ends.push({ line, outcome: 'failed', reason: foreignId })
    else if (begun === undefined || !isOwn(begun, found)) ends.push({ line, outcome: 'present' })
    else if (uncheckedLines.has(line)) ends.push(await proved(sending, user, { line, outcome: 'created' }))
    else ends.push({ line, outcome: 'created' })
  }
  const begins = [
    ...mine,
    ...batch.filter(({ line }) => journal.open.has(line) && !mine.some((user) => user.line === line)),
  ]
  const number = begins.length === 0 ? undefined : await journal.started(begins.map(toJournalRow))
  ends.push(...(await sendUsers(sending, mine)))
  await recordCreated(admin, batch, ends)
  await journal.ended(number, ends)
  for (const single of singles) await journal.ended(single, [])
  return ends
}

async function recordCreated(
  admin: Admin,
  batch: readonly WantedUser[],
  ends: readonly End[],
): Promise<void> {
  const userOf = new Map(batch.map((user) => [user.line, user]))
  const changes = ends.flatMap(({ line, outcome, id }): Change[] => {
    const user = userOf.get(line)
    if (outcome !== 'created' || user === undefined) return []
    const after = without(user.representation, 'credentials', 'id')
    return [
      {
        action: 'create',
        kind: 'user',
        realm: admin.realm,
        id: id ?? user.id,
        name: user.name,
        fields: [],
        after: after as Readonly<Record<string, unknown>>,
      },
    ]
  })
  await recorded(admin, changes)
}
