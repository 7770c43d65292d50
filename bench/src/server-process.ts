import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url))

/** The reference service as users run it: its own process, the embedded parts, a new home. */
export interface ServerProcess {
  readonly origin: string
  /** Milliseconds from spawning the process to the first 200 of `/health/ready`. */
  readonly readyAfter: number
  /** Resident memory now, in megabytes (10^6 bytes); undefined where the system does not tell. */
  residentMegabytes(): Promise<number | undefined>
  accessToken(): Promise<string>
  stop(): Promise<void>
}

/** Starts the built server on free ports and waits until it is ready, for 60 s at most. */
export async function startServerProcess(): Promise<ServerProcess> {
  const home = await mkdtemp(join(tmpdir(), 'cloakwright-bench-'))
  const [port, keycloakPort] = await Promise.all([freePort(), freePort()])
  const started = performance.now()
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      KEYCLOAK_PORT: String(keycloakPort),
      CLOAKWRIGHT_HOME: home,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: string[] = []
  child.stdout.on('data', (chunk: Buffer) => keepTail(output, chunk))
  child.stderr.on('data', (chunk: Buffer) => keepTail(output, chunk))
  const stop = async (): Promise<void> => {
    await stopChild(child)
    await rm(home, { recursive: true, force: true })
  }
  const origin = `http://localhost:${port}`
  try {
    await untilReady(`${origin}/health/ready`, child)
  } catch (error) {
    await stop()
    throw new Error(`The server did not become ready. Its last output:\n${output.join('')}`, { cause: error })
  }
  const readyAfter = performance.now() - started
  return {
    origin,
    readyAfter,
    residentMegabytes: () => residentMegabytes(child.pid),
    accessToken: async () => {
      const secret = (await readFile(join(home, 'client-secret'), 'utf8')).trim()
      return passwordGrant(`http://localhost:${keycloakPort}/realms/cloakwright`, secret)
    },
    stop,
  }
}

async function passwordGrant(issuer: string, secret: string): Promise<string> {
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'cloakwright-app',
      client_secret: secret,
      username: 'alice',
      password: 'alice',
    }),
  })
  if (!response.ok) throw new Error(`The password grant returned ${response.status}`)
  const { access_token: token } = (await response.json()) as { access_token: string }
  return token
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`The process exited with code ${child.exitCode}`)
    const ready = await fetch(url).then(
      (response) => response.status === 200,
      () => false,
    )
    if (ready) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('/health/ready did not return 200 within 60 s')
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 12_000)
  await ended
  clearTimeout(kill)
}

async function residentMegabytes(pid: number | undefined): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const kibibytes = /VmRSS:\s+(\d+) kB/.exec(status)?.[1]
    return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1e6
  } catch {
    return undefined // Only Linux has /proc.
  }
}

function keepTail(lines: string[], chunk: Buffer): void {
  lines.push(chunk.toString())
  if (lines.length > 50) lines.shift()
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
