/** A separate Redis or Valkey: in a new folder, on a free loopback port, with a password. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { freePort } from './ports.mjs'
import { Problem } from './program.mjs'
import { runs } from './system.mjs'

/** The server program of Debian, Valkey's first; `undefined` if neither is installed. */
export function redisProgram() {
  return ['valkey-server', 'redis-server'].find((program) => runs(program, '--version'))
}

/**
 * Starts it; resolves to its URL and functions that end it and start it again on the same port. `stop` also removes its folder.
 *
 * @param persistent Whether it syncs every write to its disk before it responds; otherwise it keeps nothing.
 * @param parent The folder that its own folder is created in.
 */
export async function startRedis({ persistent = true, parent = tmpdir() } = {}) {
  const program = redisProgram()
  const folder = mkdtempSync(join(parent, 'cloakwright-redis-'))
  const port = await freePort()
  const password = randomBytes(18).toString('base64url')
  const url = `redis://:${password}@127.0.0.1:${port}`
  const settings = join(folder, 'redis.conf')
  writeFileSync(
    settings,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `requirepass ${password}`,
      'save ""',
      `appendonly ${persistent ? 'yes' : 'no'}`,
      'appendfsync always',
      'maxmemory-policy noeviction',
      '',
    ].join('\n'),
    { mode: 0o600 },
  )
  let child
  let exited
  const start = async () => {
    const log = openSync(join(folder, 'log'), 'w')
    child = spawn(...endedWithParent(program, [settings]), {
      cwd: folder,
      stdio: ['ignore', log, log],
      // In its own process group: Ctrl+C of a terminal comes to this process, which stops it after the tests.
      detached: true,
    })
    closeSync(log)
    exited = once(child, 'exit')
    await Promise.race([waitUntilReady(url), exited.then(() => Promise.reject(ended(folder)))])
  }
  const end = async (signal) => {
    child.kill(signal)
    await exited
  }
  const stop = async () => {
    await end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { url, port, start, shutDown: () => end('SIGTERM'), kill: () => end('SIGKILL'), stop }
}

/** Linux kills it when this process is gone, however that ended. */
function endedWithParent(program, args) {
  return runs('setpriv', '--pdeathsig', 'KILL', 'true')
    ? ['setpriv', ['--pdeathsig', 'KILL', program, ...args]]
    : [program, args]
}

async function waitUntilReady(url) {
  for (let attempt = 0; ; attempt++) {
    const client = createClient({ url, socket: { reconnectStrategy: false } })
    client.on('error', () => {})
    try {
      await client.connect()
      // An error while it loads its data.
      await client.get('any')
      return
    } catch (error) {
      if (attempt === 200) throw error
      await pause(50)
    } finally {
      client.destroy()
    }
  }
}

function ended(folder) {
  return new Problem(
    `Redis ended: ${readFileSync(join(folder, 'log'), 'utf8')}`,
    'Fix the reported problem, then try again',
  )
}
