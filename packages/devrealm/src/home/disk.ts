import { statfsSync } from 'node:fs'
import { CloakwrightError } from 'cloakwright'

const megabyte = 2 ** 20

/** Free bytes below which the next writes stop the database: a few files of its log (1 MB each) and tables. */
export const roomToWrite: number = 4 * megabyte

/** Free bytes that a database needs to open and recover. */
export const roomToOpen: number = 32 * megabyte

export function diskFull(message: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_DISK_FULL', message, {
    hint: `Free at least ${roomToOpen / megabyte} MB on the disk of CLOAKWRIGHT_HOME. The database then recovers by itself; no restart is needed.`,
    retryAfter: 5,
    cause,
  })
}

/** @throws {CW_DISK_FULL} when the disk of the folder has less than `bytes` free */
export function requireRoom(folder: string, bytes: number, cause?: unknown): void {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize >= bytes) return
  const found = Math.floor((bavail * bsize) / megabyte)
  throw diskFull(
    `The disk of ${folder} has ${found} MB free; the embedded database needs ${bytes / megabyte} MB`,
    cause,
  )
}

/** Converts a system error for a full disk to one with the next step; returns others unchanged. */
export function toDiskError(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? diskFull(`No space left to write ${file} (${code})`, error)
    : error
}
