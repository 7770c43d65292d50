import { statfsSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

const megabyte = 2 ** 20

/** Bytes with less than which the next writes stop the database: some files of its log (1 MB each) and of its tables. */
export const roomToWrite: number = 4 * megabyte

/** Bytes that a database needs to open and to recover. */
export const roomToOpen: number = 32 * megabyte

export function diskFull(message: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_DISK_FULL', message, {
    hint: `Free at least ${roomToOpen / megabyte} MB on the disk of CLOAKWRIGHT_HOME. The database then recovers by itself; no restart is needed.`,
    retryAfter: 5,
    cause,
  })
}

/** @throws {CW_DISK_FULL} when there is less room than `bytes` on the folder's disk */
export function requireRoom(folder: string, bytes: number, cause?: unknown): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= bytes) return
  const found = Math.floor((bavail * bsize) / megabyte)
  throw diskFull(
    `The disk of ${folder} has ${found} MB free; the embedded database needs ${bytes / megabyte} MB`,
    cause,
  )
}

/** A system's error for want of space as one that says what to do; any other as it is. */
export function toDiskError(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? diskFull(`No space left to write ${file} (${code})`, error)
    : error
}
