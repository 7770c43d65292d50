import { createHash } from 'node:crypto'
import { connect, createServer, type Server } from 'node:net'
import { refusedBy } from './flock.ts'
import type { HeldLock, LockTarget, RefusedLock } from './types.ts'

/** Windows gives a pipe's name to one listener and frees it when the process ends. The listener sends its pid. */
export async function lockByPipe({ path }: LockTarget): Promise<HeldLock | RefusedLock> {
  const name = `\\\\.\\pipe\\cloakwright-${createHash('sha256').update(path.toLowerCase()).digest('hex')}`
  for (;;) {
    const server = await listenOn(name)
    if (server !== undefined) {
      return { held: true, release: () => new Promise((resolve) => server.close(() => resolve())) }
    }
    const pid = await askPid(name)
    if (pid !== 'gone') return refusedBy(pid)
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
    // `exclusive`: workers of node:cluster would otherwise share their primary's pipe, and the lock.
    server.listen({ path: name, exclusive: true }, () => resolve(server.unref()))
  })
}

/** The holder's pid; 0 when it does not respond within two seconds (it is busy or stopped, but alive). */
function askPid(name: string): Promise<number | 'gone'> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(name)
    socket.setEncoding('utf8')
    socket.setTimeout(2000, () => {
      socket.destroy()
      resolve(0)
    })
    socket.on('data', (part) => {
      text += part
    })
    socket.on('end', () => resolve(Number(text) || 0))
    socket.on('error', () => resolve('gone'))
  })
}
