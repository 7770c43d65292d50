/** Collects rejected promises without a handler, which would end a service. */
export function collectUnhandled(): { take(): Promise<unknown[]> } {
  const errors: unknown[] = []
  const listen = (error: unknown): void => void errors.push(error)
  process.on('unhandledRejection', listen)
  return {
    async take() {
      // Node reports them when the promise queue is empty.
      await new Promise((resolve) => setImmediate(resolve))
      process.off('unhandledRejection', listen)
      return errors
    },
  }
}
