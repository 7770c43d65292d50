import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { HeldLock, LockTarget, RefusedLock } from './types.ts'

/** O_EXLOCK of macOS and the BSDs, which Node accepts but does not name: open and flock in one step. */
const exclusiveLock = 0x20

/** The kernel gives the file's lock to one opener. To lock a folder, a file in it is locked; that file also holds the pid. */
export function flock({ path, folder, stat }: LockTarget): HeldLock | RefusedLock {
  const pidFile = stat.isDirectory() ? join(folder, 'lock') : undefined
  const flags = constants.O_RDWR | constants.O_NONBLOCK | exclusiveLock
  try {
    const descriptor = openSync(pidFile ?? path, pidFile ? flags | constants.O_CREAT : flags, 0o600)
    if (pidFile !== undefined) {
      ftruncateSync(descriptor)
      writeSync(descriptor, String(process.pid))
    }
    return { held: true, release: async () => closeSync(descriptor) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
  }
  return refusedBy(pidFile === undefined ? 0 : Number(readFileSync(pidFile, 'utf8')))
}

/** Describes a holder on this machine by its pid; 0 means that the pid is unknown. */
export function refusedBy(pid: number): RefusedLock {
  const own = pid === process.pid
  return pid > 0
    ? { held: false, holder: `process ${pid}`, next: `Stop it (kill ${pid})`, own }
    : { held: false, holder: 'another process', next: 'Stop it', own }
}
