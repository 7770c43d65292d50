import { readFileSync, statfsSync } from 'node:fs'
import { CloakwrightError } from '../errors.ts'
import type { LockTarget } from './types.ts'

/** File systems that one kernel has for itself: ext4, xfs, btrfs, tmpfs, overlay, zfs, f2fs, bcachefs, ramfs, FAT, exFAT, NTFS, eCryptfs. */
const localTypes = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x858458f6,
  0x4d44, 0x2011bab0, 0x7366746e, 0xf15f,
])

/** Any other (NFS, SMB, 9P, FUSE, clusters' own) may be shared with machines whose processes this one can't ask. */
export function isLocal(folder: string): boolean {
  return localTypes.has(statfsSync(folder).type)
}

/** A file that is mounted by itself is beside other files in each container: their sockets would not see each other. */
export function requireFolderOfItsOwn({ path, folder, stat }: LockTarget): void {
  if (stat.isDirectory()) return
  const escaped = path.replace(/[\\\s]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  if (!mounts.split('\n').some((line) => line.split(' ', 5)[4] === escaped)) return
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `The file ${path} is mounted by itself and can't be locked`,
    {
      hint: `Mount its folder instead: other containers find its lock in ${folder}.`,
    },
  )
}

/** Why no socket can be made in the folder, with the way out. */
export function notLockable(path: string, folder: string, cause: unknown): unknown {
  const { code = 'unknown', path: file = folder } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CloakwrightError(
      'CW_DISK_FULL',
      `No space left for the lock of ${path} in ${folder} (${code})`,
      {
        hint: 'Free space on that disk, then start again.',
        cause,
      },
    )
  }
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    `No lock for ${path} can be made in ${folder} (${file.startsWith(folder) ? code : `${code}: ${file}`})`,
    {
      hint: 'Keep it in a folder on a local disk, where this user may create files and UNIX sockets.',
      cause,
    },
  )
}
