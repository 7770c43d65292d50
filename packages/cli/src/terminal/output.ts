import { CloakwrightError } from 'cloakwright'
import { UsageError } from '../exit.ts'
import { colorsOf } from './colors.ts'
import { escapedLines } from './escaped-text.ts'
import { machineFailure } from './machine-failures.ts'

/** A line for the reader, or for the next program, on standard output. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** A line or more beside the result, on standard error. Names in it are others': nothing in them steers a terminal. */
export function note(text: string): void {
  endProgress()
  process.stderr.write(`${colorsOf(process.stderr).dim(escapedLines(text))}\n`)
}

let shown = ''
let told: number | undefined

/** What goes on right now: one line that changes on a terminal, a line every ten seconds elsewhere. */
export function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001B[2K${text}`)
    shown = text
  } else if (told === undefined || performance.now() - told > 10_000) {
    told = performance.now()
    process.stderr.write(`${text}\n`)
  }
}

/** Takes the changing line away. */
export function endProgress(): void {
  if (shown !== '') process.stderr.write('\r\u001B[2K')
  shown = ''
  told = undefined
}

/** An error as what happened and what to do next; a stack only where the fault is ours. */
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
    // A full disk has its own code, whose hint says all.
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
  say('  This is a fault of cloakwright itself: please report it, with the lines above and your command.')
}

/** Milliseconds as a reader wants them: `812 ms`, `24.1 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
