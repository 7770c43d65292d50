import { fstatSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { flock } from './flock.ts'
import { lockByPipe } from './pipe.ts'
import { lockBySocket } from './sockets.ts'
import type { HeldLock, RefusedLock } from './types.ts'

export type { HeldLock, RefusedLock }

/**
 * Takes the lock of an existing folder or file for this process alone, or says who has it. It ends with its process,
 * however that ends, and holds for all processes of one kernel: in other containers too, if they reach the same folder.
 *
 * On Linux it is a UNIX socket (mode 0600) in the folder, or beside the file; see the room's README for its rules, and for
 * what holds on network file systems. On macOS and the BSDs it is flock, on Windows a pipe's name.
 *
 * @param descriptor of the file, when it is open already: the lock is then on this very file, whatever its name is now
 * @throws {CW_CONFIG_INVALID} No lock can be made there: no right to create files, no UNIX sockets, a file mounted by itself.
 * @example
 * ```ts
 * import { takeLock } from 'cloakwright/lock'
 *
 * const lock = await takeLock('/var/lib/shop')
 * if (!lock.held) throw new Error(`${lock.holder} works here. ${lock.next}`)
 * await lock.release()
 * ```
 */
export async function takeLock(path: string, descriptor?: number): Promise<HeldLock | RefusedLock> {
  const stat =
    descriptor === undefined ? statSync(path, { bigint: true }) : fstatSync(descriptor, { bigint: true })
  // The real path, so that a link to it is the same lock.
  const real = realpathSync.native(path)
  const target = { path: real, folder: stat.isDirectory() ? real : dirname(real), stat }
  if (process.platform === 'linux') return lockBySocket(target)
  return process.platform === 'win32' ? lockByPipe(target) : flock(target)
}
