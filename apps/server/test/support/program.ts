import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The built server: it starts in a fraction of the time that the sources need. */
const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The server as a separate process. */
export interface Program {
  readonly child: ChildProcess
  /** The output of both streams so far. */
  output(): string
  /** Resolves once the output matches; rejects if the process ends before. */
  printed(pattern: RegExp): Promise<void>
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Starts the server with these variables and no other variables of ours. */
export function startProgram(variables: NodeJS.ProcessEnv): Program {
  // The flag saves a third of the time that the embedded database needs to open.
  const child = spawn(process.execPath, ['--liftoff-only', main], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  return {
    child,
    ended,
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (pattern.test(output)) resolve()
        }
        listeners.add(check)
        check()
        void ended.then((code) =>
          reject(new Error(`ended with ${code} before ${String(pattern)}:\n${output}`)),
        )
      }),
  }
}
