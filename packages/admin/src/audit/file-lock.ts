import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from 'cloakwright'

/** Milliseconds that a writer waits for the others of its file. */
const patience = 10_000

/**
 * Runs `work` while this process alone holds an existing file, on this machine. The lock is one that the operating
 * system takes back itself when a process is killed: a listening name without a file on Linux (abstract socket) and
 * Windows (pipe), flock on macOS and the BSDs. Containers with networks of their own do not see each other's.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const isNamed = process.platform === 'linux' || process.platform === 'win32'
  const acquire = isNamed ? await byName(path) : () => byFile(`${path}.lock`)
  const until = performance.now() + patience
  for (;;) {
    const release = await acquire()
    if (release !== undefined) {
      try {
        return await work()
      } finally {
        await release()
      }
    }
    if (performance.now() > until)
      throw new CloakwrightError('CW_AUDIT_UNAVAILABLE', `another process holds ${path}`)
    await pause(5 + Math.random() * 15)
  }
}

type Release = () => Promise<void>

/** The file's identity rather than its path, so that a link to it is the same lock. */
async function byName(path: string): Promise<() => Promise<Release | undefined>> {
  const { dev, ino } = await stat(path, { bigint: true })
  const windows = createHash('sha256')
    .update((await realpath(path)).toLowerCase())
    .digest('hex')
  const name =
    process.platform === 'linux'
      ? `\0cloakwright-audit-${dev}-${ino}`
      : `\\\\.\\pipe\\cloakwright-audit-${windows}`
  return async () => {
    const server = await listenOn(name)
    return server && (() => new Promise((resolve) => server.close(() => resolve())))
  }
}

/** Undefined when the name is taken: the kernel gives it to one listener. */
function listenOn(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    // `exclusive`: workers of node:cluster would otherwise share their primary's socket.
    server.listen({ path: name, exclusive: true }, () => resolve(server))
  })
}

/** O_EXLOCK of macOS and the BSDs, which Node passes on but does not name: open and flock in one step. */
const exclusiveLock = 0x20

async function byFile(path: string): Promise<Release | undefined> {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | exclusiveLock
    const handle: FileHandle = await open(path, flags, 0o600)
    return () => handle.close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}
