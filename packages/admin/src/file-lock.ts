import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs'
import { createServer, type Server } from 'node:net'

/**
 * Holds an open file for this process alone, on this machine, by a lock that the operating system takes back itself when
 * the process is killed: a listening name without a file on Linux (abstract socket) and Windows (pipe), flock on macOS
 * and the BSDs. Other machines, and containers with networks of
 * their own, do not see it.
 *
 * @returns what releases it, or undefined where another process has it
 */
export async function lockFile(path: string, descriptor: number): Promise<(() => Promise<void>) | undefined> {
  if (process.platform !== 'linux' && process.platform !== 'win32') return flock(path)
  const server = await listenOn(lockName(path, descriptor))
  return server && (() => new Promise((resolve) => server.close(() => resolve())))
}

/** The file's identity rather than its path, so that a link to it is the same lock. */
function lockName(path: string, descriptor: number): string {
  if (process.platform === 'linux') {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return `\0cloakwright-file-${dev}-${ino}`
  }
  const name = createHash('sha256').update(realpathSync.native(path).toLowerCase()).digest('hex')
  return `\\\\.\\pipe\\cloakwright-file-${name}`
}

/** Undefined when the name is taken: the kernel gives it to one listener. */
function listenOn(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    // `exclusive`: workers of node:cluster would otherwise share their primary's socket, and the file.
    server.listen({ path: name, exclusive: true }, () => resolve(server.unref()))
  })
}

/** O_EXLOCK of macOS and the BSDs, which Node passes on but does not name: open and flock in one step. */
const exclusiveLock = 0x20

function flock(path: string): (() => Promise<void>) | undefined {
  try {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | exclusiveLock)
    return async () => closeSync(descriptor)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}
