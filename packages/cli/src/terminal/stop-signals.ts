import { exitCode, Interrupted } from '../exit.ts'

/** Milliseconds after which a stop that hangs is ended by force. */
const lastResort = 9_000

/**
 * Resolves at the first SIGINT or SIGTERM. Further signals change nothing: a terminal's Ctrl+C reaches us twice,
 * once from the terminal and once by npm.
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

/** Aborted by the first SIGINT or SIGTERM; the second ends the program at once. */
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
