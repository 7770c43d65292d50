import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The command line of the built program, which starts three times as fast as the sources. */
export const launcher: readonly string[] = [
  process.execPath,
  // Saves a third of the time that the embedded database needs to open.
  '--liftoff-only',
  fileURLToPath(new URL('../../bin/cloakwright.js', import.meta.url)),
]

/** A running `cloakwright`. */
export interface Program {
  readonly child: ChildProcess
  stdout(): string
  stderr(): string
  /** Resolves when the output matches. Rejects if the process exits before. */
  printed(pattern: RegExp): Promise<void>
  /** Resolves to the exit code or signal. */
  readonly ended: Promise<number | string>
}

/** Starts it with only these variables and this standard input. It is killed at the end of the test. */
export function startCli(
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
  input?: string,
): Program {
  const [node = '', ...mainArguments] = launcher
  const child = spawn(node, [...mainArguments, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...variables },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {}).end(input)
  const output = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (pattern.test(output.stdout + output.stderr)) resolve()
        }
        listeners.add(check)
        check()
        void ended.then((code) => {
          const text = output.stdout + output.stderr
          reject(new Error(`ended with ${code} before ${String(pattern)}:\n${text}`))
        })
      }),
  }
}

/** Runs it until it exits. */
export async function runCli(args: readonly string[], variables: NodeJS.ProcessEnv = {}, input?: string) {
  const program = startCli(args, variables, input)
  const code = await program.ended
  return { code, stdout: program.stdout(), stderr: program.stderr() }
}

/** Runs it on a terminal with util-linux's `script`, and types the keys when the output matches. */
export async function runOnTerminal(
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
  typed: readonly { readonly after: RegExp; readonly keys: string }[] = [],
): Promise<{ readonly code: number; readonly output: string }> {
  const quoted = [...launcher, ...args].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)
  const command = `stty cols 120 rows 40; exec ${quoted.join(' ')}`
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm', ...variables },
  })
  const waiting = [...typed]
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (waiting[0]?.after.test(output) === true) child.stdin.write(waiting.shift()?.keys ?? '')
  })
  const code = await new Promise<number>((resolve) => child.once('close', (ended) => resolve(ended ?? -1)))
  return { code, output }
}

/** A folder that is deleted at the end of the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** A free port of 127.0.0.1. With `held`, it is in use until the end of the test. */
export async function somePort(held: 'free' | 'held' = 'free'): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  if (held === 'held') onTestFinished(close)
  else await close()
  return port
}
