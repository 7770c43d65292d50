import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError, fetchBounded } from 'cloakwright'
import type { Reporter } from './reporter.ts'
import { makeServerFolder } from './server-folder.ts'
import { requireJava } from './tools.ts'

/** How to run a Keycloak. */
export interface KeycloakOptions {
  /** The distribution, from {@link findKeycloak}. */
  readonly distribution: string
  /** The folder of its files and its log, for one Keycloak at a time. */
  readonly folder: string
  /** Default: a free port. */
  readonly port?: number
  /** The administrator that the first start creates in the realm `master`. */
  readonly admin: { readonly username: string; readonly password: string }
  /** Additional arguments for `kc.sh start-dev`. */
  readonly args?: readonly string[]
  readonly reporter: Reporter
  /** Aborts the start. */
  readonly signal?: AbortSignal
}

/** A Keycloak that is ready. */
export interface RunningKeycloak {
  /** Base URL without a trailing slash. */
  readonly server: string
  /** Rejects when Keycloak exits without `stop`. Never resolves. */
  readonly failed: Promise<never>
  /** Stops it and resolves when it has exited. */
  stop(): Promise<void>
}

/** Milliseconds. The first start took 80 s on a busy machine. */
const startLimit = 300_000
const stopLimit = 8_000
/** Number of log lines in an error. */
const tailLength = 25

/**
 * Starts Keycloak in development mode on loopback and waits until it is healthy. Its log is `folder/keycloak.log`.
 *
 * @throws {CW_TOOL_MISSING} without Java 17 or newer
 * @throws {CW_PORT_TAKEN}
 * @throws {CW_PROVIDER_UNAVAILABLE} when it exits or does not become healthy; the message has the end of the log
 */
export async function startKeycloak(options: KeycloakOptions): Promise<RunningKeycloak> {
  const { folder, reporter, signal } = options
  await requireJava()
  const port = await reservePort(options.port)
  const management = await reservePort(undefined)
  const server = join(folder, 'server')
  makeServerFolder(options.distribution, server)

  const log = createWriteStream(join(folder, 'keycloak.log'))
  // A full disk stops the log, not Keycloak.
  log.on('error', () => {})
  const child = launch(server, port, management, options)
  const tail = keepTail(child, log)
  let stopping = false
  const exited = ended(child).then(async ([code, by]) => {
    // The log is complete before the program exits with the error.
    await finished(log.end()).catch(() => {})
    if (stopping) return
    throw new CloakwrightError(
      'CW_PROVIDER_UNAVAILABLE',
      `Keycloak exited (${by ?? `code ${code}`}):\n${tail()}`,
      {
        hint: `Read the full log: ${join(folder, 'keycloak.log')}`,
      },
    )
  })
  const over = new AbortController()
  exited.catch(() => {}).finally(() => over.abort())
  const stop = async () => {
    stopping = true
    await end(child)
    await exited.catch(() => {})
  }
  try {
    const given = signal === undefined ? [] : [signal]
    const ready = waitUntilHealthy(
      { port, management },
      reporter,
      tail,
      AbortSignal.any([over.signal, ...given]),
    )
    await Promise.race([exited, ready])
  } catch (error) {
    await stop()
    throw error
  }
  const failed = exited.then(() => new Promise<never>(() => {}))
  failed.catch(() => {})
  return { server: `http://localhost:${port}`, failed, stop }
}

function launch(server: string, port: number, management: number, options: KeycloakOptions): ChildProcess {
  const args = [
    'start-dev',
    '--http-host=127.0.0.1',
    `--http-port=${port}`,
    '--http-management-host=127.0.0.1',
    `--http-management-port=${management}`,
    '--health-enabled=true',
    ...(options.args ?? []),
  ]
  const { KC_BOOTSTRAP_ADMIN_PASSWORD_FILE: _, ...env } = process.env
  env['KC_BOOTSTRAP_ADMIN_USERNAME'] = options.admin.username
  env['KC_BOOTSTRAP_ADMIN_PASSWORD'] = options.admin.password
  if (process.platform === 'win32') {
    const script = `"${join(server, 'bin', 'kc.bat')}"`
    return spawn(script, args, { shell: true, stdio: ['ignore', 'pipe', 'pipe'], env })
  }
  const script = ['-c', keycloakAndGuard, 'sh', join(server, 'bin', 'kc.sh'), ...args]
  // A process group of its own: only this process gets the terminal's Ctrl+C, and stops script, Java and guard together.
  return spawn('/bin/sh', script, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env })
}

/**
 * Stops Java when this process is killed: else Java would keep the port and the database. The guard's read ends when this
 * process, which holds the other end of the pipe, is gone. Then the guard ends the group.
 */
const keycloakAndGuard = '(read -r _ <&3; kill -TERM 0) >/dev/null 2>&1 & exec "$@" 3<&-'

/** Resolves to exit code and signal when all output is read. */
async function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  const pipe = child.stdio[3]
  pipe?.on('error', () => {})
  child.once('exit', () => pipe?.destroy())
  return (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
}

/** Writes the log and keeps its last lines, which usually have the reason of an exit. */
function keepTail(child: ChildProcess, log: NodeJS.WritableStream): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part) => {
      log.write(part)
      text = (text + String(part)).slice(-20_000)
    })
  }
  return () => text.trimEnd().split('\n').slice(-tailLength).join('\n')
}

/** The two ports of a Keycloak. */
interface Ports {
  readonly port: number
  readonly management: number
}

async function waitUntilHealthy(
  { port, management }: Ports,
  reporter: Reporter,
  tail: () => string,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now()
  while (performance.now() - started < startLimit) {
    // A port that was free a moment ago may belong to another server by now: Keycloak answers on both.
    if ((await responds(management, '/health/ready')) && (await responds(port, '/realms/master'))) return
    const seconds = Math.round((performance.now() - started) / 1000)
    reporter.progress(`Keycloak is starting (${seconds} s; the first start takes about a minute)`)
    await pause(300, undefined, { signal })
  }
  throw new CloakwrightError(
    'CW_PROVIDER_UNAVAILABLE',
    `Keycloak is not healthy after ${startLimit / 1000} s:\n${tail()}`,
    { hint: 'Give the machine more CPU or memory, then try again' },
  )
}

async function responds(port: number, path: string): Promise<boolean> {
  try {
    const { status } = await fetchBounded(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(5000),
      maxBytes: 64 * 1024,
      refuse: ({ why }) => new Error(why),
    })
    return status === 200
  } catch {
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  kill(child, 'SIGTERM')
  const timer = setTimeout(() => kill(child, 'SIGKILL'), stopLimit)
  await exit
  clearTimeout(timer)
}

/** Signals the whole group: during Keycloak's build, Java is a child of the script. */
function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(child.pid), '/t', '/f'])
    return
  }
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has just exited.
  }
}

/** Returns the port if it is free, or any free port if none is given. */
async function reservePort(port: number | undefined): Promise<number> {
  const free = await listenOnce(port ?? 0, '127.0.0.1')
  // Browsers try ::1 first for localhost: another server there would get Keycloak's requests.
  if (port !== undefined) await listenOnce(port, '::1')
  return free
}

async function listenOnce(port: number, host: string): Promise<number> {
  const probe = createServer()
  try {
    probe.listen({ port, host })
    await once(probe, 'listening')
    return (probe.address() as { port: number }).port
  } catch (error) {
    // A machine without IPv6 has no ::1.
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      if (host === '::1') return port
      throw error
    }
    throw new CloakwrightError('CW_PORT_TAKEN', `Another process uses port ${port} (on ${host})`, {
      hint: `Stop that process, or choose another port: KEYCLOAK_PORT=${port + 1}`,
      cause: error,
    })
  } finally {
    probe.close()
  }
}
