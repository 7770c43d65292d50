import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { newName, parseName, prefixOf, refusedBySocket, type SocketName } from './names.ts'
import { isLocal, notLockable, requireFolderOfItsOwn } from './place.ts'
import type { HeldLock, LockTarget, RefusedLock } from './types.ts'

/**
 * The lock on Linux. A candidate first listens on its own socket in the folder, then looks for other sockets and asks
 * each one. Of two candidates at the same time, the later one sees the socket of the earlier one, so they never both
 * get the lock. A socket without a listener was left by a dead process. It can be removed at any time, because names
 * are never reused.
 */
export async function lockBySocket(target: LockTarget): Promise<HeldLock | RefusedLock> {
  const prefix = prefixOf(target)
  requireFolderOfItsOwn(target)
  for (;;) {
    const own = await announce(target, prefix)
    try {
      const rival = await findRival(target, prefix, own.name)
      if (rival === undefined) {
        own.hold()
        return { held: true, release: () => own.withdraw() }
      }
      // Withdrawn first: the rival may wait for this decision.
      await own.withdraw()
      if (await rival.holds) return refusedBySocket(rival.name, own.name, target.folder, rival.isClosedToUs)
    } catch (error) {
      await own.withdraw()
      throw error
    }
  }
}

/** State of the process behind a socket. */
interface Answer {
  /** Whether it holds the lock, once that is known. */
  readonly holds: Promise<boolean>
  /** It belongs to another user, so this process may not ask: the owner may be dead. */
  readonly isClosedToUs?: boolean
}

/** A socket of another process that blocks this one. */
interface Rival extends Answer {
  readonly name: SocketName
}

async function findRival(target: LockTarget, prefix: string, own: SocketName): Promise<Rival | undefined> {
  const { folder } = target
  for (const file of readdirSync(folder)) {
    const name = parseName(prefix, file)
    if (file === own.file || (name === undefined && !file.startsWith(unfinished))) continue
    const descriptor = openSocket(target, file)
    if (descriptor === undefined) continue
    try {
      const isAnotherKernels = name !== undefined && name.boot !== own.boot
      // Dead, unless other machines use this file system too: those cannot be asked.
      if (isAnotherKernels && !isLocal(folder)) return { name, holds: Promise.resolve(true) }
      const answer = isAnotherKernels ? 'gone' : await settle(descriptor, own.file < file)
      if (answer === 'gone') remove(folder, file)
      else if (name !== undefined) return { name, ...answer }
    } finally {
      closeSync(descriptor)
    }
  }
  return undefined
}

/** Asks until no socket blocks. Of two candidates, the senior one waits for the other's decision, which is to withdraw. */
async function settle(descriptor: number, isSenior: boolean): Promise<'gone' | Answer> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    const answer = await ask(descriptor)
    if (answer === 'gone') return answer
    if (answer !== 'unclear' && (!isSenior || (await answer.holds))) return answer
  }
  return { holds: Promise.resolve(true) }
}

interface Announced {
  readonly name: SocketName
  /** From now on, others are told that the lock is held. */
  hold(): void
  /** Stops listening before it closes the connections: a process that is cut off asks again and is refused by the kernel. */
  withdraw(): Promise<void>
}

/** Prefix of the names of sockets that do not listen yet. */
const unfinished = '.cloakwright-lock.new.'

/** Puts a listening socket into the folder. It is created under another name, so that its final name never refuses a connection. */
async function announce({ folder, path }: LockTarget, prefix: string): Promise<Announced> {
  const askers = new Set<Socket>()
  let holds = false
  const server = createServer((socket) => {
    askers.add(socket.unref())
    socket.on('error', () => {})
    socket.on('close', () => askers.delete(socket))
    if (holds) socket.end('held')
    else socket.write('wants')
  })
  for (;;) {
    try {
      const name = newName(prefix)
      const aside = `${unfinished}${name.file.slice(prefix.length).split('.', 4).at(-1)}`
      await listenIn(server, folder, aside)
      if (!publish(folder, aside, name.file)) {
        await new Promise((resolve) => server.close(resolve))
        continue
      }
      return {
        name,
        hold() {
          holds = true
          for (const socket of askers) socket.end('held')
        },
        async withdraw() {
          remove(folder, name.file)
          const closed = new Promise((resolve) => server.close(resolve))
          for (const socket of askers) socket.destroy()
          await closed
        },
      }
    } catch (error) {
      await new Promise((resolve) => server.close(resolve))
      throw notLockable(path, folder, error)
    }
  }
}

/** False when another process removed it as dead, in the moment before it listened. */
function publish(folder: string, aside: string, file: string): boolean {
  try {
    chmodSync(join(folder, aside), 0o600)
    renameSync(join(folder, aside), join(folder, file))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Goes through the folder's descriptor, because a socket's path has 107 bytes at most. */
function listenIn(server: Server, folder: string, file: string): Promise<void> {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // `exclusive`: workers of node:cluster would otherwise share their primary's socket, and the lock.
    server.listen({ path: `/proc/self/fd/${descriptor}/${file}`, exclusive: true }, () => {
      server.off('error', reject)
      server.unref()
      resolve()
    })
  }).finally(() => closeSync(descriptor))
}

/** Linux's O_PATH, which Node accepts but does not name: a descriptor of the file itself, not of its target. */
const pathOnly = 0x20_00_00

/** The descriptor of a valid socket: its owner could have locked the target. Other users must not be able to block it. */
function openSocket({ folder, stat }: LockTarget, file: string): number | undefined {
  let descriptor: number
  try {
    descriptor = openSync(join(folder, file), pathOnly | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const found = fstatSync(descriptor)
  const owners = [0, process.geteuid?.(), Number(stat.uid)]
  if (found.isSocket() && (owners.includes(found.uid) || (stat.mode & 0o022n) !== 0n)) return descriptor
  closeSync(descriptor)
  return undefined
}

/** Milliseconds after which a process that does not respond (busy or stopped) counts as the holder. */
const patience = 3000

/** Asks once. Only the kernel can prove that a process is dead (no listener): a live one may drop a connection. */
function ask(descriptor: number): Promise<'gone' | 'unclear' | Answer> {
  return new Promise((resolve) => {
    const socket = connect(`/proc/self/fd/${descriptor}`)
    let decide: (holds: boolean) => void = () => {}
    const holds = new Promise<boolean>((done) => (decide = done))
    const decided = (isHeld: boolean): void => {
      decide(isHeld)
      resolve({ holds })
      socket.destroy()
    }
    socket.setEncoding('utf8')
    socket.setTimeout(patience, () => decided(true))
    socket.on('data', (text: string) => {
      if (text.endsWith('held')) decided(true)
      else resolve({ holds })
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') resolve('gone')
      else if (code === 'EACCES') resolve({ holds: Promise.resolve(true), isClosedToUs: true })
      else if (code !== 'ECONNRESET') decided(true)
    })
    socket.on('close', () => {
      resolve('unclear')
      decide(false)
    })
  })
}

function remove(folder: string, file: string): void {
  try {
    rmSync(join(folder, file), { force: true })
  } catch {
    // A dead socket that cannot be removed blocks nothing.
  }
}
