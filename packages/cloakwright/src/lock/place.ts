import { readFileSync, statfsSync } from 'node:fs'
import { CloakwrightError } from '../errors.ts'
import type { LockTarget } from './types.ts'

/** Local file systems, used by one kernel only: ext4, xfs, btrfs, tmpfs, overlay, zfs, f2fs, bcachefs, ramfs, FAT, exFAT, NTFS, eCryptfs. */
const localTypes = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x858458f6,
  0x4d44, 0x2011bab0, 0x7366746e, 0xf15f,
])

/** Any other (NFS, SMB, 9P, FUSE, cluster file systems) may be shared with machines whose processes cannot be reached from here. */
export function isLocal(folder: string): boolean {
  return localTypes.has(statfsSync(folder).type)
}

/** A file that is a mount of its own is in a different folder in each container: their sockets would not see each other. */
export function requireFolderOfItsOwn({ path, folder, stat }: LockTarget): void {
  if (stat.isDirectory()) return
  const escaped = path.replace(/[\\\s]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  if (!mounts.split('\n').some((line) => line.split(' ', 5)[4] === escaped)) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `Cannot lock the file ${path}: it is mounted separately`, {
    hint: `Mount its folder instead, so that other containers find the lock in ${folder}.`,
  })
}

/** Explains why the socket cannot be created in the folder, and the next step. */
export function notLockable(path: string, folder: string, cause: unknown): unknown {
  const { code = 'unknown', path: file = folder } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CloakwrightError('CW_DISK_FULL', `Cannot lock ${path}: no space left in ${folder} (${code})`, {
      hint: 'Free space on that disk, then start again.',
      cause,
    })
  }
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    `Cannot lock ${path} in ${folder} (${file.startsWith(folder) ? code : `${code}: ${file}`})`,
    {
      hint: 'Move it to a folder on a local disk where this user may create files and UNIX sockets.',
      cause,
    },
  )
}
