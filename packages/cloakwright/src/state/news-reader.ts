/** Milliseconds before the first retry after a failed read; doubled each time, up to the interval. */
const firstRetry = 100

/** Reads news when it is told that there may be some: one read at a time, and again after a failed one. */
export interface NewsReader {
  /** Reads now, or after the read in progress; `complete` if the news may be without a notification. */
  wake(complete?: boolean): void
  /** Reads for the first time, and then also at the interval. Rejects if the first read fails. */
  start(): Promise<void>
  stop(): void
}

/**
 * @param read Reads the news. It is complete the first time, at the interval, and after a rejection: what the failed
 * read was for is not known then.
 * @param interval Milliseconds between two complete reads.
 */
export function createNewsReader(read: (complete: boolean) => Promise<void>, interval: number): NewsReader {
  let wanted = false
  let completely = true
  let working = true
  let stopped = false
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  let timer: NodeJS.Timeout | undefined

  const readAll = async (): Promise<void> => {
    do {
      const complete = completely
      wanted = false
      completely = false
      await read(complete)
    } while (wanted && !stopped)
  }
  const catchUp = async (): Promise<void> => {
    if (working || stopped) return
    working = true
    clearTimeout(retry)
    try {
      await readAll()
      failures = 0
    } catch {
      completely = true
      const delay = Math.min(firstRetry * 2 ** failures++, interval)
      retry = setTimeout(() => void catchUp(), delay)
      retry.unref()
    } finally {
      working = false
    }
  }
  const wake = (complete = false): void => {
    wanted = true
    completely ||= complete
    void catchUp()
  }
  return {
    wake,
    async start() {
      await readAll()
      working = false
      timer = setInterval(wake, interval, true)
      timer.unref()
    },
    stop() {
      stopped = true
      clearInterval(timer)
      clearTimeout(retry)
    },
  }
}
