import { digest, headOf, readLine, type Seal, sealHash, type TrailHead } from '../chain/index.ts'
import type { TrailSource } from '../sinks/index.ts'

/** A problem of a trail, and its place. */
export interface TrailProblem {
  readonly problem:
    | 'removed'
    | 'changed'
    | 'inserted'
    | 'reordered'
    /** The end is cut off: an exported head is beyond it. */
    | 'truncated'
    /** The chain is not the one that an exported head, or the batch after it, continues. */
    | 'replaced'
    /** Entries that no seal closes: a write was interrupted, or they were inserted. */
    | 'unsealed'
  /** The first entry concerned. */
  readonly from: number
  /** The last one. */
  readonly to: number
  /** Its place, such as `line 12`; for a missing entry, where it would be. */
  readonly at: string
}

/** What {@link verifyTrail} found. */
export interface TrailReport {
  /** The number of entries found. */
  readonly entries: number
  /** Where the trail ends. */
  readonly head: TrailHead | undefined
  /** Empty for an intact trail. */
  readonly problems: readonly TrailProblem[]
}

/** Problems that a report has at most: one hole in a long trail is not to fill the memory. */
const mostProblems = 1000
const mostUnsealed = 10_000

interface Row {
  readonly sequence: number | undefined
  readonly digest: string
  readonly at: string
}

/**
 * Reads a trail from its beginning and reports entries that were removed, changed, inserted or reordered. With exported
 * heads, it also detects a cut end and a trail that was replaced.
 *
 * Limits: anyone who can write to the trail can also compute its hashes, and so rewrite everything after the last head out
 * of their reach. If a seal itself was changed, only the batch is known.
 *
 * @example
 * ```ts
 * import { ndjsonSink, readHeads, verifyTrail } from '@cloakwright/admin/audit'
 *
 * const heads = await readHeads('/mnt/vault/audit-heads')
 * const { problems } = await verifyTrail(ndjsonSink('/var/log/shop/audit.ndjson'), { heads })
 * for (const { problem, from, to, at } of problems) console.log(`${problem}: ${from} to ${to} (${at})`)
 * ```
 */
export async function verifyTrail(
  source: TrailSource,
  options: { readonly heads?: readonly TrailHead[] } = {},
): Promise<TrailReport> {
  const problems: TrailProblem[] = []
  const report = (problem: TrailProblem['problem'], from: number, to: number, at: string): void => {
    if (problems.length < mostProblems) problems.push({ problem, from, to, at })
  }
  const heads = bySequence(options.heads ?? [])
  let rows: Row[] = []
  let head: TrailHead | undefined
  let entries = 0
  let end = 'the beginning'

  for await (const { text, at } of source.lines()) {
    const line = readLine(text)
    end = at
    if (line === undefined || 'entry' in line) {
      entries += 1
      rows.push({ sequence: line?.entry.sequence, digest: digest(text), at })
      if (rows.length < mostUnsealed) continue
      // No sink writes so long a batch: what nothing seals is not to fill the memory either.
      for (const row of rows.splice(0)) report('unsealed', row.sequence ?? 0, row.sequence ?? 0, row.at)
      continue
    }
    const { seal } = line
    const expected = (head?.sequence ?? 0) + 1
    if (seal.last < expected) {
      report('inserted', seal.first, seal.last, at)
      continue
    }
    if (seal.hash !== sealHash(seal)) report('changed', seal.first, seal.last, at)
    else if (seal.first > expected) rows = rowsAfterGap(seal, expected, rows, at, report)
    else if (seal.first < expected || seal.previous !== (head?.hash ?? null))
      report('replaced', seal.first, seal.last, at)
    compareRows(seal, rows, at, report)
    const exported = heads.get(seal.last) ?? []
    if (exported.some((hash) => hash !== seal.hash)) report('replaced', 1, seal.last, at)
    heads.delete(seal.last)
    head = headOf(seal)
    rows = []
  }
  for (const { sequence = 0, at } of rows) report('unsealed', sequence, sequence, at)
  const last = head?.sequence ?? 0
  const furthest = [...heads.keys()].reduce((most, sequence) => Math.max(most, sequence), 0)
  if (furthest > last) report('truncated', last + 1, furthest, end)
  // A head within the trail that is no batch's end: these are other batches.
  for (const sequence of heads.keys()) if (sequence < last) report('replaced', 1, sequence, end)
  return { entries, head, problems }
}

/** Two heads of one place are two trails: the end was cut off, and other entries came there. */
function bySequence(heads: readonly TrailHead[]): Map<number, string[]> {
  const found = new Map<number, string[]>()
  for (const { sequence, hash } of heads) {
    const hashes = found.get(sequence)
    if (hashes === undefined) found.set(sequence, [hash])
    else hashes.push(hash)
  }
  return found
}

type Report = (problem: TrailProblem['problem'], from: number, to: number, at: string) => void

/** Between two seals a batch is missing: all of it, or its seal only. */
function rowsAfterGap(seal: Seal, from: number, rows: readonly Row[], at: string, report: Report): Row[] {
  const isLoose = ({ sequence = 0 }: Row): boolean => sequence >= from && sequence < seal.first
  const loose = rows.filter(isLoose)
  for (const row of loose) report('unsealed', row.sequence ?? 0, row.sequence ?? 0, row.at)
  if (loose.length < seal.first - from) report('removed', from, seal.first - 1, at)
  return rows.filter((row) => !isLoose(row))
}

/** A row is genuine when its digest is the seal's for its place. */
function compareRows(seal: Seal, rows: readonly Row[], at: string, report: Report): void {
  const places = new Map(seal.rows.map((each, index) => [each, seal.first + index]))
  const genuine = new Set<number>()
  const others: Row[] = []
  let before = 0
  for (const row of rows) {
    const place = places.get(row.digest)
    if (place === undefined || genuine.has(place)) {
      others.push(row)
      continue
    }
    genuine.add(place)
    if (place < before) report('reordered', place, place, row.at)
    before = Math.max(before, place)
  }
  const changed = new Set<number>()
  for (const row of others) {
    const place = row.sequence ?? onlyOneMissing(seal, genuine, changed)
    const isThere = place === undefined || genuine.has(place) || changed.has(place)
    if (isThere || place < seal.first || place > seal.last) {
      report('inserted', place ?? seal.first, place ?? seal.last, row.at)
    } else {
      changed.add(place)
      report('changed', place, place, row.at)
    }
  }
  for (let place = seal.first; place <= seal.last; place += 1) {
    if (!genuine.has(place) && !changed.has(place)) report('removed', place, place, at)
  }
}

/** The entry of a line that is no longer valid JSON: the first one without another line. */
function onlyOneMissing(seal: Seal, ...there: ReadonlySet<number>[]): number | undefined {
  for (let place = seal.first; place <= seal.last; place += 1) {
    if (!there.some((places) => places.has(place))) return place
  }
  return undefined
}
