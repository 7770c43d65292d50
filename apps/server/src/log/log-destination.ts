import { writeSync } from 'node:fs'
import type { DestinationStream } from 'pino'

/** Milliseconds until a write to a full pipe is tried again. */
const pipePause = 10

/**
 * Writes the log line by line, at once. A log that cannot be written (a full disk, a closed pipe) must not stop the server
 * or prevent its end: lines are dropped, and the next one that can be written has their number.
 */
export function logDestination(descriptor: number): DestinationStream {
  let lost = 0
  let reason = ''
  /** The rest of a partly written line. */
  let rest = Buffer.alloc(0)

  function flush(): void {
    while (rest.length > 0) rest = rest.subarray(writeSome(descriptor, rest))
  }

  function put(text: string): void {
    flush()
    const line = Buffer.from(text)
    rest = line
    try {
      flush()
    } catch (error) {
      // A partly written line is finished before the next.
      if (rest.length < line.length) return
      rest = Buffer.alloc(0)
      throw error
    }
  }

  return {
    write(line) {
      try {
        if (lost > 0) {
          const time = new Date().toISOString()
          put(`${JSON.stringify({ level: 40, time, lost, reason, msg: 'log lines were lost' })}\n`)
          lost = 0
        }
        put(line)
      } catch (error) {
        lost += 1
        reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
      }
    },
  }
}

/** Waits if a pipe's reader is slower. */
function writeSome(descriptor: number, bytes: Buffer): number {
  for (;;) {
    try {
      return writeSync(descriptor, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pipePause)
    }
  }
}
