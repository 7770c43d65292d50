import { exitCode, Interrupted } from '../exit.ts'

/** Milliseconds after which the program exits even if the stop hangs. */
const lastResort = 9_000

/**
 * Resolves at the first SIGINT or SIGTERM. Further signals are ignored: Ctrl+C arrives twice, once from the terminal
 * and once from npm.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        setTimeout(() => process.exit(exitCode.failed), lastResort).unref()
        resolve()
      })
    }
  })
}

/** A signal that the first SIGINT or SIGTERM aborts. The second one exits at once. */
export function abortedBySignals(): AbortSignal {
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted) process.exit(exitCode.interrupted)
      stopping.abort(new Interrupted(`Stopped by ${name}`))
    })
  }
  return stopping.signal
}
