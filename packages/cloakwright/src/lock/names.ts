import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { LockTarget, RefusedLock } from './types.ts'

/**
 * The owner of a socket, encoded in its name. A stopped process cannot respond, and one on another machine cannot be
 * reached, so the name must be enough.
 */
export interface SocketName {
  /** The file's name. Names are never reused. */
  readonly file: string
  /** ID of the running kernel: the same in all containers of a machine, different after a restart. */
  readonly boot: string
  readonly pidNamespace: string
  readonly pid: number
  readonly host: string
}

/** Prefix of the socket names of one lock. */
export function prefixOf({ stat }: LockTarget): string {
  // The inode rather than the file's name: links to the file, and its name after a rename, lead to the same lock.
  return `.cloakwright-lock.${stat.isDirectory() ? 'folder' : stat.ino}.`
}

/** A new name for a socket of this process. */
export function newName(prefix: string): SocketName {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').replaceAll('-', '').slice(0, 16)
  const pidNamespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  const host = hostname()
    .replace(/[^\w.-]/g, '_')
    .slice(0, 64)
  const { pid } = process
  const file = `${prefix}${boot}.${pidNamespace}.${pid}.${randomBytes(6).toString('hex')}.${host}`
  return { file, boot, pidNamespace, pid, host }
}

/** Undefined if it is not a socket name. Anyone who may write to the folder could put terminal control characters into a name. */
export function parseName(prefix: string, file: string): SocketName | undefined {
  if (!file.startsWith(prefix)) return undefined
  const found = /^([0-9a-f]{16})\.(\d+)\.(\d+)\.[0-9a-f]{12}\.([\w.-]{0,64})$/.exec(file.slice(prefix.length))
  if (found === null) return undefined
  const [, boot = '', pidNamespace = '', pid, host = ''] = found
  return { file, boot, pidNamespace, pid: Number(pid), host }
}

/** Describes the holder to the process `reader`. */
export function refusedBySocket(
  holder: SocketName,
  reader: SocketName,
  folder: string,
  isClosedToReader = false,
): RefusedLock {
  const { pid, host } = holder
  const who = `process ${pid} on host ${host}`
  const refused = { held: false as const, own: false }
  const orDelete = `; if it has ended, delete ${folder}/${holder.file}`
  if (holder.boot !== reader.boot) {
    return {
      ...refused,
      holder: `${who} (another machine, or this one before its last restart)`,
      next: `Stop it there${orDelete}`,
    }
  }
  const otherwise = isClosedToReader ? orDelete : ''
  if (holder.pidNamespace !== reader.pidNamespace) {
    return {
      ...refused,
      holder: `${who} (in another container of this machine, where it has this pid)`,
      next: `Stop it there (host ${host})${otherwise}`,
    }
  }
  return { ...refused, holder: who, next: `Stop it (kill ${pid})${otherwise}`, own: pid === reader.pid }
}
