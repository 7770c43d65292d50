import { Writable } from 'node:stream'

/** A log line of pino. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly code?: string
  readonly hint?: string
}

/** Collects the log of a Fastify application. */
export interface Logs {
  readonly stream: Writable
  /** The lines with a code since the last call. */
  take(): LogLine[]
  /** Everything since the start, as a string. */
  text(): string
}

export function collectLogs(): Logs {
  const lines: string[] = []
  let taken = 0
  return {
    stream: new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(...chunk.toString().trimEnd().split('\n'))
        done()
      },
    }),
    take() {
      const fresh = lines.slice(taken)
      taken = lines.length
      return fresh.map((line) => JSON.parse(line) as LogLine).filter((line) => line.code !== undefined)
    },
    text: () => lines.join('\n'),
  }
}
