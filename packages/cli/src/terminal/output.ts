import { CloakwrightError } from 'cloakwright'
import { UsageError } from '../exit.ts'
import { colorsOf } from './colors.ts'
import { escapedLines } from './escaped-text.ts'
import { machineFailure } from './machine-failures.ts'

/** Prints a line on standard output. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** Prints one or more lines on standard error. Control characters are escaped. */
export function note(text: string): void {
  endProgress()
  process.stderr.write(`${colorsOf(process.stderr).dim(escapedLines(text))}\n`)
}

let shown = ''
let told: number | undefined

/** Shows the current step: on a terminal as one line that changes, else as a line every ten seconds. */
export function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001B[2K${text}`)
    shown = text
  } else if (told === undefined || performance.now() - told > 10_000) {
    told = performance.now()
    process.stderr.write(`${text}\n`)
  }
}

/** Clears the changing line. */
export function endProgress(): void {
  if (shown !== '') process.stderr.write('\r\u001B[2K')
  shown = ''
  told = undefined
}

/** Prints an error and its next step. An unexpected error is printed with its stack. */
export function printError(error: unknown): void {
  endProgress()
  const label = colorsOf(process.stderr).red('error')
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const advise = (text: string) => say(`  ${escapedLines(text).replaceAll('\n', '\n  ')}`)
  const failure = machineFailure(error)
  if (error instanceof CloakwrightError || error instanceof UsageError) {
    const code = error instanceof CloakwrightError ? ` (${error.code})` : ''
    say(`${label}: ${escapedLines(error.message)}${code}`)
    if (error.hint !== undefined) advise(error.hint)
    // The hint of CW_DISK_FULL has the same content.
    if (failure !== undefined && code !== ' (CW_DISK_FULL)') advise(`${failure.message}\n${failure.hint}`)
    return
  }
  if (failure !== undefined) {
    say(`${label}: ${escapedLines(failure.message)}${failure.isDiskFull ? ' (CW_DISK_FULL)' : ''}`)
    advise(failure.hint)
    return
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  say(`${label}: ${escapedLines(text)}`)
  say('  This is a bug in cloakwright. Please report it with the lines above and your command.')
}

/** Formats a count: `1 user`, `2 users`. */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** Formats milliseconds: `812 ms`, `24.1 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
