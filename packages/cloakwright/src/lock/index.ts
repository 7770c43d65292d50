import { fstatSync, realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { flock } from './flock.ts'
import { lockByPipe } from './pipe.ts'
import { lockBySocket } from './sockets.ts'
import type { HeldLock, RefusedLock } from './types.ts'

export type { HeldLock, RefusedLock }

/**
 * Takes the lock of an existing folder or file for this process, or reports which process holds it. The lock ends with
 * the process, however that ends. It excludes all processes of one kernel, also those in other containers that reach
 * the same folder.
 *
 * On Linux it is a UNIX socket (mode 0600) in the folder, or next to the file; README.md in this folder has the rules
 * and the limits on network file systems. On macOS and the BSDs it is flock, on Windows a named pipe.
 *
 * @param descriptor Descriptor of the file, if it is open already: this very file is locked, even if its name changes
 * @throws {CW_CONFIG_INVALID} The lock cannot be created: no right to create files, no UNIX sockets, or a file that is
 * a mount of its own.
 * @example
 * ```ts
 * import { takeLock } from 'cloakwright/lock'
 *
 * const lock = await takeLock('/var/lib/shop')
 * if (!lock.held) throw new Error(`The folder is locked by ${lock.holder}. ${lock.next}`)
 * await lock.release()
 * ```
 */
export async function takeLock(path: string, descriptor?: number): Promise<HeldLock | RefusedLock> {
  const stat =
    descriptor === undefined ? statSync(path, { bigint: true }) : fstatSync(descriptor, { bigint: true })
  // The real path, so that a link leads to the same lock.
  const real = realpathSync.native(path)
  const target = { path: real, folder: stat.isDirectory() ? real : dirname(real), stat }
  if (process.platform === 'linux') return lockBySocket(target)
  return process.platform === 'win32' ? lockByPipe(target) : flock(target)
}
