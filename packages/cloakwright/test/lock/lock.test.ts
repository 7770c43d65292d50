import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type HeldLock, type RefusedLock, takeLock } from 'cloakwright/lock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const isLinux = process.platform === 'linux'
/** Whether this user may create namespaces and mounts. */
const isLinuxRoot =
  isLinux && spawnSync('unshare', ['--net', '--pid', '--mount', '--fork', 'true']).status === 0
if (!isLinuxRoot) console.warn('Not root on Linux: locks are not tested between namespaces, mounts and users')

let folder: string
const children: ChildProcess[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-lock-'))
})

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  rmSync(folder, { recursive: true, force: true })
})

const script = fileURLToPath(new URL('./support/holder.mjs', import.meta.url))

function start(arguments_: readonly string[], within: readonly string[] = []) {
  const command = [...within, process.execPath, script]
  const child = spawn(command[0]!, [...command.slice(1), ...arguments_], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  children.push(child)
  return { child, lines: createInterface({ input: child.stdout }) }
}

/** Starts a process that takes the lock and keeps it, if possible. */
async function startHolder(path: string, within?: readonly string[]) {
  const { child, lines } = start(['hold', path], within)
  const [line] = (await once(lines, 'line')) as [string]
  return { child, lock: JSON.parse(line) as HeldLock | RefusedLock }
}

/** With the processes that it started: those of a pid namespace end with its first process. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid!, 'SIGKILL')
  await once(child, 'exit')
}

async function take(path: string): Promise<HeldLock> {
  const lock = await takeLock(path)
  if (!lock.held) throw new Error(`refused: ${lock.holder}`)
  return lock
}

const sockets = (path = folder) => readdirSync(path).filter((name) => name.startsWith('.cloakwright-lock'))

describe.each(['folder', 'file'])('the lock of a %s', (kind) => {
  let path: string
  beforeEach(() => {
    path = kind === 'folder' ? folder : join(folder, 'file')
    if (kind === 'file') writeFileSync(path, '')
  })

  it('is refused to a second process, with the holder', async () => {
    const { child } = await startHolder(path)
    expect(await takeLock(path)).toMatchObject({
      held: false,
      own: false,
      ...(isLinux && {
        holder: `process ${child.pid} on host ${hostname()}`,
        next: `Stop it (kill ${child.pid})`,
      }),
    })
  })

  it('ends with its process: after a kill -9 the next one gets it at once, and the leftovers are removed', async () => {
    const { child } = await startHolder(path)
    await kill(child)
    const lock = await take(path)
    if (isLinux) expect(sockets()).toHaveLength(1)
    await lock.release()
    if (isLinux) expect(sockets()).toEqual([])
  })

  it('is refused to the process that has it, which is told that it is its own', async () => {
    const lock = await take(path)
    expect(await takeLock(path)).toMatchObject({ held: false, own: true })
    await lock.release()
    await (await take(path)).release()
  })

  it('is the same lock through a symbolic link', async () => {
    const link = `${folder}-link`
    symlinkSync(path, link)
    const lock = await take(path)
    try {
      expect(await takeLock(link)).toMatchObject({ held: false })
    } finally {
      await lock.release()
      rmSync(link)
    }
  })

  it.runIf(isLinux)('is a socket that only its owner can use', async () => {
    const lock = await take(path)
    const [name = ''] = sockets()
    expect(statSync(join(folder, name)).isSocket()).toBe(true)
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    await lock.release()
  })

  it.runIf(isLinux)('is kept by a stopped process', async () => {
    const { child } = await startHolder(path)
    child.kill('SIGSTOP')
    expect(await takeLock(path)).toMatchObject({
      held: false,
      holder: expect.stringContaining(`process ${child.pid}`),
    })
  })

  it.runIf(isLinuxRoot)('holds between network and pid namespaces, both ways', async () => {
    const container = ['unshare', '--net', '--pid', '--uts', '--fork']
    const lock = await take(path)
    const inside = await startHolder(path, container)
    expect(inside.lock).toMatchObject({
      held: false,
      own: false,
      holder: expect.stringContaining(`process ${process.pid} on host ${hostname()} (in another container`),
      next: `Stop it there (host ${hostname()})`,
    })
    await lock.release()

    const holder = await startHolder(path, container)
    expect(holder.lock.held).toBe(true)
    expect(await takeLock(path)).toMatchObject({
      held: false,
      holder: expect.stringMatching(/^process \d+ on host \S+ \(in another container/),
      next: expect.not.stringContaining('kill'),
    })
    await kill(holder.child)
    await (await take(path)).release()
  })

  it.runIf(isLinuxRoot)('is the same lock through a bind mount of the folder', async () => {
    const lock = await take(path)
    const elsewhere = `${folder}-mounted`
    mkdirSync(elsewhere)
    try {
      const there = path.replace(folder, elsewhere)
      const mount = `mount --bind ${folder} ${elsewhere} && exec "$0" "$@"`
      const { lock: inside } = await startHolder(there, ['unshare', '--mount', 'sh', '-c', mount])
      expect(inside).toMatchObject({ held: false, next: `Stop it (kill ${process.pid})` })
    } finally {
      await lock.release()
      rmSync(elsewhere, { recursive: true })
    }
  })
})

describe('contenders', () => {
  it('of 20 processes: one at a time has the lock, though some die with it, and each gets it', async () => {
    const log = mkdtempSync(join(tmpdir(), 'cloakwright-lock-log-'))
    const processes = Array.from({ length: 20 }, () => start(['contend', folder, log]))
    await Promise.all(processes.map(({ lines }) => once(lines, 'line')))
    writeFileSync(join(log, 'begin'), '')
    await Promise.all(processes.map(({ child }) => once(child, 'exit')))
    const entries = readFileSync(join(log, 'log'), 'utf8').trim().split('\n')
    expect(entries).toHaveLength(20 * 15 * 2)
    for (let at = 0; at < entries.length; at += 2) {
      expect(entries[at]).toMatch(/ in$/)
      expect(entries[at + 1]).toBe(entries[at]?.replace('in', 'out'))
    }
    await (await take(folder)).release()
    if (isLinux) expect(sockets()).toEqual([])
    rmSync(log, { recursive: true })
  }, 60_000)

  it('of one process: one of 50 gets the lock, time after time', async () => {
    for (let round = 0; round < 10; round++) {
      const locks = await Promise.all(Array.from({ length: 50 }, () => takeLock(folder)))
      const held = locks.filter((lock) => lock.held)
      expect(held).toHaveLength(1)
      await held[0]?.release()
    }
  })

  it('that are workers of node:cluster do not share the lock of their primary', async () => {
    const { lines } = start(['cluster', folder])
    const [line] = (await once(lines, 'line')) as [string]
    expect(JSON.parse(line)).toMatchObject({ held: false, own: false })
  })

  it('of other folders and files do not interfere', async () => {
    const files = ['one', 'two'].map((name) => join(folder, name))
    for (const file of files) writeFileSync(file, '')
    const locks = await Promise.all([folder, ...files].map(take))
    for (const lock of locks) await lock.release()
  })
})

describe.runIf(isLinux)('a lock on Linux', () => {
  it('is found in a folder whose path is longer than a socket’s may be', async () => {
    const deep = join(folder, 'a'.repeat(200), 'b'.repeat(200))
    mkdirSync(deep, { recursive: true })
    const lock = await take(deep)
    expect(await takeLock(deep)).toMatchObject({ held: false, own: true })
    await lock.release()
  })

  it('of a file applies to all its names, also after a rename', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    linkSync(file, join(folder, 'other'))
    const lock = await take(file)
    expect(await takeLock(join(folder, 'other'))).toMatchObject({ held: false })
    renameSync(file, join(folder, 'moved'))
    expect(await takeLock(join(folder, 'moved'))).toMatchObject({ held: false })
    await lock.release()
  })

  it('survives what a process leaves that is killed before it listens', async () => {
    const left = join(folder, '.cloakwright-lock.new.0123456789ab')
    const server = createServer().listen(left)
    await once(server, 'listening')
    renameSync(left, `${left}-aside`)
    server.close()
    await once(server, 'close')
    renameSync(`${left}-aside`, left)
    const lock = await take(folder)
    expect(sockets()).toHaveLength(1)
    await lock.release()
  })

  it('from before the last restart of the machine is removed', async () => {
    const { child } = await startHolder(folder)
    await kill(child)
    const [name = ''] = sockets()
    const other = name.replace(/folder\.[0-9a-f]{16}/, `folder.${'0'.repeat(16)}`)
    renameSync(join(folder, name), join(folder, other))
    const lock = await take(folder)
    expect(sockets()).toHaveLength(1)
    expect(sockets()).not.toContain(other)
    await lock.release()
  })

  it('is not blocked by an invalid socket name, which a message would print', async () => {
    await startHolder(folder)
    const [name = ''] = sockets()
    renameSync(join(folder, name), join(folder, `${name}\u001b[2K\u202e`))
    const lock = await take(folder)
    await lock.release()
  })

  it('cannot be created in a folder without the right to, or without sockets: the error names folder, reason and fix', async () => {
    await expect(takeLock('/proc/self')).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringMatching(/Cannot lock \/proc\/\d+ in \/proc\/\d+ \(E[A-Z]+\)/),
      hint: expect.stringContaining('local disk'),
    })
  })
})

describe.runIf(isLinuxRoot)('a lock on Linux, as root', () => {
  it('is not lost by a process without a free descriptor to respond with', async () => {
    const { child } = await startHolder(folder)
    execFileSync('prlimit', [`--pid=${child.pid}`, '--nofile=3:3'])
    expect(await takeLock(folder)).toMatchObject({ held: false })
    expect(sockets()).toHaveLength(1)
  })

  it('is not blocked by the sockets of a user who may not write the file', async () => {
    chmodSync(folder, 0o1777)
    const file = join(folder, 'file')
    writeFileSync(file, '', { mode: 0o600 })
    // What another user would have to create: a listening socket under a name of this lock.
    const { child } = await startHolder(file)
    const [name = ''] = sockets()
    chownSync(join(folder, name), 12345, 12345)
    const lock = await take(file)
    await lock.release()
    // If that user may write the file too, it counts.
    chownSync(file, 12345, 12345)
    expect(await takeLock(file)).toMatchObject({ holder: expect.stringContaining(`process ${child.pid}`) })
  })

  it('cannot be created if /proc lacks a needed file: an error, and no endless search', async () => {
    const script = `mount -t tmpfs none /proc/sys/kernel/random && exec "$0" "$@"`
    const { lock } = await startHolder(folder, ['unshare', '--mount', 'sh', '-c', script])
    expect(lock).toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: `Cannot lock ${folder} in ${folder} (ENOENT: /proc/sys/kernel/random/boot_id)`,
    })
    expect(sockets()).toEqual([])
  })

  it('left by a dead process of another user, who cannot be asked, is refused with the file to delete', async () => {
    await kill((await startHolder(folder)).child)
    const [name = ''] = sockets()
    chownSync(folder, 12345, 12345)
    const stranger = ['setpriv', '--reuid=12345', '--regid=12345', '--clear-groups']
    const { lock } = await startHolder(folder, stranger)
    expect(lock).toMatchObject({
      held: false,
      next: expect.stringContaining(`; if it has ended, delete ${folder}/${name}`),
    })
    rmSync(join(folder, name))
    expect((await startHolder(folder, stranger)).lock).toMatchObject({ held: true })
  })

  it('of a file that is a mount of its own is refused, since other containers would not see it', async () => {
    const [file, mounted] = [join(folder, 'file'), join(folder, 'mounted here')]
    for (const path of [file, mounted]) writeFileSync(path, '')
    execFileSync('mount', ['--bind', file, mounted])
    try {
      await expect(takeLock(mounted)).rejects.toMatchObject({
        code: 'CW_CONFIG_INVALID',
        hint: expect.stringContaining('Mount its folder instead'),
      })
    } finally {
      execFileSync('umount', [mounted])
    }
  })

  it('on a file system that machines may share is kept for another machine until its file is deleted', async () => {
    // hugetlbfs as an example: it supports sockets, and is not on the list of local file systems.
    execFileSync('mount', ['-t', 'hugetlbfs', 'none', folder])
    try {
      const { child } = await startHolder(folder)
      const [name = ''] = sockets()
      const other = name.replace(/folder\.[0-9a-f]{16}/, `folder.${'0'.repeat(16)}`)
      renameSync(join(folder, name), join(folder, other))
      await kill(child)
      expect(await takeLock(folder)).toMatchObject({
        holder: `process ${child.pid} on host ${hostname()} (another machine, or this one before its last restart)`,
        next: `Stop it there; if it has ended, delete ${folder}/${other}`,
      })
      rmSync(join(folder, other))
      await kill((await startHolder(folder)).child)
      await (await take(folder)).release()
    } finally {
      execFileSync('umount', [folder])
    }
  })
})
