import type { RejectedRow } from '../rows.ts'
import { beginningOf, readTextLines } from '../text/index.ts'

/** A row's value, before it is known to be a user. */
export interface Candidate {
  readonly line: number
  readonly value: unknown
  /** The job that rejected the row before. */
  readonly rejectedBy?: string
}

/** One JSON value a line. What {@link openRejectedRows} wrote counts as the row that it holds. */
export async function* readNdjson(path: string): AsyncGenerator<Candidate | RejectedRow, void, undefined> {
  for await (const { number: line, bytes, whole } of readTextLines(path)) {
    if (!whole) {
      yield { line, reason: 'the line is longer than 1 MiB', raw: beginningOf(bytes) }
      continue
    }
    const text = bytes.toString('utf8')
    if (text.trim() === '') continue
    yield parsed(line, text) ?? { line, reason: 'the line is not valid JSON', raw: beginningOf(bytes) }
  }
}

function parsed(line: number, text: string): Candidate | undefined {
  try {
    return { line, ...rowOf(JSON.parse(text)) }
  } catch {
    return undefined
  }
}

function rowOf(value: unknown): Omit<Candidate, 'line'> {
  if (typeof value !== 'object' || value === null) return { value }
  const members = new Set(Object.keys(value))
  const { row, job } = value as { readonly row?: unknown; readonly job?: unknown }
  const isRejected = ['line', 'reason', 'row'].every((name) => members.delete(name))
  if (!isRejected || (members.size > 0 && [...members].join() !== 'job')) return { value }
  return { value: row, ...(typeof job === 'string' && { rejectedBy: job }) }
}
