import { createReadStream } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import type { RejectedRow } from './rows.ts'
import { readLines } from './text/index.ts'

/** Options of {@link openRejectedRows}. */
export interface RejectedRowsOptions {
  /** Continues an existing file: its lines are not written again. Default: an existing file is an error. */
  readonly resume?: boolean
  /** The job of these rows, such as `disable`: it is stored with each row, so that no other job accepts them. */
  readonly job?: string
}

/** The rejected rows of a job. */
export interface RejectedRows {
  /** The number of rows in the file. */
  readonly count: number
  /** Writes a row immediately. A line that the file already has is skipped. */
  write(row: RejectedRow): Promise<void>
  /** Flushes the file to disk; a file without rows is removed. */
  close(): Promise<void>
}

/**
 * Opens the file for rows that a job can't use: NDJSON, `{"line", "reason", "job", "row"}` each, readable by its owner
 * alone, for rows may have passwords. Once the rows are fixed, {@link openUserFile} reads it for the same job again.
 *
 * @throws {CW_FILE_EXISTS} when the file is there and `resume` is not set
 * @throws {CW_FILE_INVALID} when it can't be written, or is none that a job wrote
 */
export async function openRejectedRows(
  path: string,
  { resume = false, job }: RejectedRowsOptions = {},
): Promise<RejectedRows> {
  const handle = await openFile(path, resume)
  const lines = await (resume ? written(path, handle) : Promise.resolve(new Set<number>())).catch(
    async (cause: unknown) => {
      await handle.close()
      throw cause
    },
  )
  let count = lines.size
  let last: Promise<unknown> = Promise.resolve()

  return {
    get count() {
      return count
    },
    write({ line, reason, raw }) {
      if (lines.has(line)) return Promise.resolve()
      lines.add(line)
      count += 1
      const entry = `${JSON.stringify({ line, reason, job, row: raw ?? null })}\n`
      // After a failed write the file's end is unknown: nothing more may follow it.
      const done = last
        .then(() => handle.appendFile(entry))
        .catch((error: unknown) => {
          throw notWritten(path, error)
        })
      last = done
      last.catch(() => {})
      return done
    },
    async close() {
      await last.catch(() => {})
      await handle.sync()
      await handle.close()
      if (count === 0) await unlink(path)
    },
  }
}

async function openFile(path: string, resume: boolean): Promise<FileHandle> {
  try {
    // Exclusive: also a link that leads elsewhere counts as a file that is there.
    return await open(path, resume ? 'a+' : 'ax', 0o600)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CloakwrightError('CW_FILE_EXISTS', `The file of rejected rows ${path} exists already`, {
        hint: 'Move it, or use another file. It may contain rejected rows of an earlier job.',
        cause,
      })
    }
    throw new CloakwrightError('CW_FILE_INVALID', `The file of rejected rows ${path} is not writable`, {
      hint: 'Check the folder and its permissions.',
      cause,
    })
  }
}

function notWritten(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return cause
  return new CloakwrightError(
    'CW_DISK_FULL',
    `No space left to write the file of rejected rows ${path} (${code})`,
    {
      hint: 'Free space on its disk, then run the same command again to resume.',
      cause,
    },
  )
}

const beginning = '{"line":'

function notOne(path: string, where: string): CloakwrightError {
  return new CloakwrightError('CW_FILE_INVALID', `${path} is not a file of rejected rows: ${where}`, {
    hint: 'Use the file of rejected rows that the interrupted job wrote.',
  })
}

/** The lines that an interrupted job has written. What it wrote by half is cut off. */
async function written(path: string, handle: FileHandle): Promise<Set<number>> {
  let read = 0
  let ended = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf('\n')
    if (last !== -1) ended = read + last + 1
    read += chunk.length
  }
  const half = Buffer.alloc(Math.min(read - ended, beginning.length))
  await handle.read(half, 0, half.length, ended)
  if (!beginning.startsWith(half.toString('latin1'))) throw notOne(path, 'unexpected text at its end')
  const lines = new Set<number>()
  for await (const { number, bytes } of readLines(path, ended)) {
    const line = /^\{"line":(\d+),"reason":/.exec(bytes.toString('latin1', 0, 100))?.[1]
    if (line === undefined) throw notOne(path, `unexpected text on line ${number}`)
    lines.add(Number(line))
  }
  if (read > ended) await handle.truncate(ended)
  return lines
}
