import { fdatasync, writev } from 'node:fs'
import { promisify } from 'node:util'
import { CloakwrightError } from 'cloakwright'
import { type JournalRecord, writeRecord } from './journal-records.ts'

/** Appends records to a journal. */
export interface JournalWriter {
  /** Resolves when the record is on disk. */
  write(record: JournalRecord): Promise<void>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

/** Those who write while the disk is busy share its next write and its next fsync. */
export function createWriter(descriptor: number, from: number): JournalWriter {
  let position = from
  let waiting: Buffer[] = []
  let current: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  async function flush(): Promise<void> {
    const buffers = waiting
    waiting = []
    next = undefined
    const size = buffers.reduce((sum, { length }) => sum + length, 0)
    const { bytesWritten } = await write(descriptor, buffers, position).catch((error: unknown) => {
      throw notWritten(error)
    })
    if (bytesWritten !== size) throw notWritten(new Error(`${bytesWritten} of ${size} bytes written`))
    position += size
    await sync(descriptor)
  }

  return {
    write(record) {
      waiting.push(Buffer.from(`${writeRecord(record)}\n`))
      if (next === undefined) {
        // After a failed write the file's end is unknown: nothing more may follow it.
        next = current.then(flush)
        current = next
        current.catch(() => {})
      }
      return next
    },
    settled: () => current.catch(() => {}),
  }
}

/** Where there is no room, a write may also be short, without an error. */
function notWritten(cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (code !== undefined && code !== 'ENOSPC' && code !== 'EDQUOT') return cause
  return new CloakwrightError(
    'CW_DISK_FULL',
    `No space left to write the journal of the job (${code ?? 'short write'})`,
    {
      hint: 'Free space on its disk, then run the same command again to resume.',
      cause,
    },
  )
}

const write = promisify(writev)
const sync = promisify(fdatasync)
