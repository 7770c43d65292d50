import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { CloakwrightError } from 'cloakwright'

/**
 * Holds an open file for this process alone, by a lock that the operating system takes back itself: a listening name
 * without a file on Linux (abstract socket) and Windows (pipe), flock elsewhere.
 *
 * @returns what releases it
 * @throws {CW_JOURNAL_LOCKED}
 */
export async function lockFile(path: string, descriptor: number): Promise<() => Promise<void>> {
  if (process.platform !== 'linux' && process.platform !== 'win32') return flock(path)
  const server = await listenOn(lockName(path, descriptor))
  if (server === undefined) throw locked(path)
  return () => new Promise((resolve) => server.close(() => resolve()))
}

/** The file's identity rather than its path, so that a link to it is the same lock. */
function lockName(path: string, descriptor: number): string {
  if (process.platform === 'linux') {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return `\0cloakwright-journal-${dev}-${ino}`
  }
  const name = createHash('sha256').update(realpathSync.native(path).toLowerCase()).digest('hex')
  return `\\\\.\\pipe\\cloakwright-journal-${name}`
}

/** Undefined when the name is taken: the kernel gives it to one listener. */
function listenOn(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    // `exclusive`: workers of node:cluster would otherwise share their primary's socket, and the journal.
    server.listen({ path: name, exclusive: true }, () => resolve(server.unref()))
  })
}

/** O_EXLOCK of macOS and the BSDs, which Node passes on but does not name: open and flock in one step. */
const exclusiveLock = 0x20

function flock(path: string): () => Promise<void> {
  try {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | exclusiveLock)
    return async () => closeSync(descriptor)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') throw locked(path)
    throw error
  }
}

function locked(path: string): CloakwrightError {
  return new CloakwrightError('CW_JOURNAL_LOCKED', `Another process works on the journal ${path}`, {
    hint: 'Wait until it has ended, or stop it: the job can be continued.',
  })
}
