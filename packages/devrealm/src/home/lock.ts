import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from 'cloakwright'

/** A folder held by this process. */
export interface FolderLock {
  release(): Promise<void>
}

/**
 * Holds an existing folder for this process alone. Two processes on one PGlite folder corrupt it without a word,
 * and a file with a pid in it outlives a kill; so the lock is one that the operating system takes back itself:
 * a listening name without a file on Linux (abstract socket) and Windows (pipe), flock on macOS and the BSDs.
 *
 * @throws {CW_HOME_LOCKED}
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  return process.platform === 'linux' || process.platform === 'win32'
    ? lockByName(folder)
    : lockByFile(folder)
}

/** The folder's identity rather than its path, so that a link or a mount to it is the same lock. */
function lockName(folder: string): string {
  if (process.platform === 'linux') {
    const { dev, ino } = statSync(folder, { bigint: true })
    return `\0cloakwright-home-${dev}-${ino}`
  }
  const path = realpathSync.native(folder).toLowerCase()
  return `\\\\.\\pipe\\cloakwright-home-${createHash('sha256').update(path).digest('hex')}`
}

/** The kernel gives a name to one listener; whoever finds it taken asks that one for its pid. */
async function lockByName(folder: string): Promise<FolderLock> {
  const name = lockName(folder)
  for (;;) {
    const server = await listenOn(name)
    if (server !== undefined) {
      return { release: () => new Promise((resolve) => server.close(() => resolve())) }
    }
    const holder = await askPid(name)
    if (holder !== 'gone') throw lockedError(folder, holder)
  }
}

/** Undefined when the name is taken. */
function listenOn(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(String(process.pid))
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    // `exclusive`: workers of node:cluster would otherwise share their primary's socket, and the folder.
    server.listen({ path: name, exclusive: true }, () => resolve(server.unref()))
  })
}

/** The holder's pid; undefined when it does not answer within two seconds (busy or stopped, yet alive). */
function askPid(name: string): Promise<number | undefined | 'gone'> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(name)
    socket.setEncoding('utf8')
    socket.setTimeout(2000, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.on('data', (part) => {
      text += part
    })
    socket.on('end', () => resolve(Number(text) || undefined))
    socket.on('error', () => resolve('gone'))
  })
}

/** O_EXLOCK of macOS and the BSDs, which Node passes on but does not name: open and flock in one step. */
const exclusiveLock = 0x20

/** The kernel gives the file's lock to one opener; the pid in it is only for the message. */
async function lockByFile(folder: string): Promise<FolderLock> {
  const file = join(folder, 'lock')
  for (let attempt = 1; ; attempt++) {
    try {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | exclusiveLock
      const descriptor = openSync(file, flags, 0o600)
      ftruncateSync(descriptor)
      writeSync(descriptor, String(process.pid))
      return { release: async () => closeSync(descriptor) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    // The holder writes its pid just after it got the lock: give it that moment.
    const holder = Number(readFileSync(file, 'utf8'))
    if (holder > 0 && isAlive(holder)) throw lockedError(folder, holder)
    if (attempt === 20) throw lockedError(folder, undefined)
    await pause(50)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function lockedError(folder: string, holder: number | undefined): CloakwrightError {
  if (holder === process.pid) {
    return new CloakwrightError(
      'CW_HOME_LOCKED',
      `the state folder ${folder} is already open in this process`,
      {
        hint: 'Open it once and share the Home, or give the second one a folder of its own',
      },
    )
  }
  const who = holder === undefined ? 'another process, which does not answer' : `process ${holder}`
  const stop = holder === undefined ? 'Stop it' : `Stop it (kill ${holder})`
  return new CloakwrightError('CW_HOME_LOCKED', `the state folder ${folder} is held by ${who}`, {
    hint: `${stop}, or give this start a folder of its own: CLOAKWRIGHT_HOME=<another folder>`,
  })
}
