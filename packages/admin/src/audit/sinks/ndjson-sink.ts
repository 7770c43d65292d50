import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from 'cloakwright'
import { takeLock } from 'cloakwright/lock'
import type { UnplacedEntry } from '../chain/index.ts'
import { headOf, readLine, type Seal, type SealedBatch, sealBatch, type TrailHead } from '../chain/index.ts'
import type { AuditSink, TrailLine, TrailSource } from './sink.ts'

/** A trail in a file of its own: each line an entry, or the seal of the entries before it. */
export type NdjsonSink = AuditSink & TrailSource

/**
 * Keeps an audit trail in a file (NDJSON), made with mode 0600. A batch is one write, on the disk (fsync) before it is
 * acknowledged; the processes of one machine, its containers among them, take turns: each must be able to create files in the folder. What a killed process left of a batch is completed by the next write:
 * its whole entries are sealed, a cut line goes.
 *
 * @example
 * ```ts
 * import { createAuditTrail, ndjsonSink } from '@cloakwright/admin/audit'
 *
 * export const trail = createAuditTrail({ sink: ndjsonSink('/var/log/shop/audit.ndjson') })
 * ```
 */
export function ndjsonSink(path: string): NdjsonSink {
  async function exclusively<T>(work: (file: FileHandle) => Promise<T>): Promise<T> {
    const file = await open(path, 'a+', 0o600)
    try {
      const release = await acquire(path, file)
      try {
        return await work(file)
      } finally {
        await release()
      }
    } finally {
      await file.close()
    }
  }

  return {
    async check() {
      await exclusively(async (file) => {
        await readEnd(file, path)
        await file.sync()
        await syncFolder(path)
      })
    },
    append: (seal) =>
      exclusively(async (file) => {
        const end = await readEnd(file, path)
        let { head } = end
        let batch: SealedBatch
        let text = ''
        if (end.offset < end.size) await file.truncate(end.offset)
        if (end.unsealed.length > 0) {
          batch = sealBatch(head, end.unsealed)
          text = textOf(batch)
          head = headOf(batch.seal)
        }
        batch = seal(head)
        await file.appendFile(text + textOf(batch))
        await file.sync()
        return batch
      }),
    async head() {
      const file = await open(path, 'r').catch(ifMissing)
      if (file === undefined) return undefined
      try {
        return (await readEnd(file, path)).head
      } finally {
        await file.close()
      }
    },
    lines: (after) => linesOf(path, after),
  }
}

/** Milliseconds that a writer waits for the others of its file. */
const patience = 10_000

async function acquire(path: string, file: FileHandle): Promise<() => Promise<void>> {
  const until = performance.now() + patience
  for (;;) {
    const lock = await takeLock(path, file.fd)
    if (lock.held) return () => lock.release()
    if (performance.now() > until) {
      throw new CloakwrightError('CW_AUDIT_UNAVAILABLE', `${lock.holder} holds ${path}`, { hint: lock.next })
    }
    await pause(5 + Math.random() * 15)
  }
}

function textOf({ rows, seal }: SealedBatch): string {
  return `${[...rows, JSON.stringify({ seal })].join('\n')}\n`
}

/** A new file's name is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

interface End {
  readonly size: number
  /** Behind the last seal. */
  readonly offset: number
  readonly head: TrailHead | undefined
  /** Whole entries behind the last seal. */
  readonly unsealed: readonly UnplacedEntry[]
}

const chunk = 64 * 1024
/** Bytes behind the last seal: more than any batch that a trail writes. */
const longestTail = 64 * 1024 * 1024
const newline = 10

/**
 * Reads backwards to the last seal.
 *
 * @throws {CW_CONFIG_INVALID} when something else is behind it, or no seal in the file: so that no other file is cut
 */
async function readEnd(file: FileHandle, path: string): Promise<End> {
  const { size } = await file.stat()
  let tail = Buffer.alloc(0)
  for (let from = size; ; ) {
    const found = lastSeal(tail, from === 0)
    if (found !== undefined) {
      const offset = size - tail.length + found.end
      const head = found.seal === undefined ? undefined : headOf(found.seal)
      const unsealed = entriesIn(tail.toString('utf8', found.end), head?.sequence ?? 0)
      if (unsealed === undefined) throw notATrail(path)
      return { size, offset, head, unsealed }
    }
    if (tail.length > longestTail) throw notATrail(path)
    const length = Math.min(from, Math.max(chunk, tail.length))
    from -= length
    const part = Buffer.alloc(length)
    await file.read(part, 0, length, from)
    tail = Buffer.concat([part, tail])
  }
}

/** Where the last seal of a file's tail ends. Without one: 0, if the tail is the whole file. */
function lastSeal(tail: Buffer, isWhole: boolean): { end: number; seal?: Seal } | undefined {
  for (let end = tail.lastIndexOf(newline) + 1; end > 0; ) {
    const start = end < 2 ? 0 : tail.lastIndexOf(newline, end - 2) + 1
    if (start === 0 && !isWhole) return undefined
    const line = readLine(tail.toString('utf8', start, end))
    if (line !== undefined && 'seal' in line) return { end, seal: line.seal }
    end = start
  }
  return isWhole ? { end: 0 } : undefined
}

/** How the lines of a batch begin: canonical JSON has its members sorted. */
const beginnings = ['{"account":"', '{"action":"', '{"seal":{']

/** The whole entries of a batch that was cut short; undefined if the text is not such a batch. */
function entriesIn(tail: string, last: number): UnplacedEntry[] | undefined {
  const lines = tail.split('\n')
  const cut = lines.pop() ?? ''
  if (!beginnings.some((each) => cut.startsWith(each) || each.startsWith(cut))) return undefined
  const entries: UnplacedEntry[] = []
  for (const text of lines) {
    const line = readLine(text)
    if (line === undefined || !('entry' in line)) return undefined
    const { sequence, ...entry } = line.entry
    entries.push(entry)
    if (sequence !== last + entries.length) return undefined
  }
  return entries
}

function notATrail(path: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${path} is not an audit trail, or its end was changed`, {
    hint: 'Verify it with cloakwright audit verify. Keep the file and start a new trail in another file.',
  })
}

async function* linesOf(path: string, after = 0): AsyncGenerator<TrailLine, void, undefined> {
  const file = await open(path, 'r').catch(ifMissing)
  if (file === undefined) return
  let batch: TrailLine[] = []
  let number = 0
  for await (const text of textLines(createReadStream('', { fd: file, encoding: 'utf8' }))) {
    number += 1
    const at = `line ${number}`
    if (after === 0) {
      yield { text, at }
      continue
    }
    batch.push({ text, at })
    if (!text.startsWith('{"seal":')) continue
    const line = readLine(text)
    if (line === undefined || !('seal' in line) || line.seal.last > after) yield* batch
    batch = []
  }
  yield* batch
}

/** At line feeds alone: an entry's texts may have the other ends of lines that Unicode knows. */
async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let begun: string[] = []
  for await (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n')
    begun.push(first)
    for (const other of others) {
      yield begun.join('')
      begun = [other]
    }
  }
  const last = begun.join('')
  if (last !== '') yield last
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
