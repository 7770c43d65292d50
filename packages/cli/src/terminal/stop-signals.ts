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
        setTimeout(() => process.exit(1), lastResort).unref()
        resolve()
      })
    }
  })
}
