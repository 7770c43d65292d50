import { CloakwrightError } from 'cloakwright'
import colors from 'picocolors'

/** A line for the reader, or for the next program, on standard output. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** A line beside the result, on standard error. */
export function note(text: string): void {
  endProgress()
  process.stderr.write(`${colors.dim(text)}\n`)
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
  if (!(error instanceof CloakwrightError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`${colors.red('error')}: ${text}\n`)
    process.stderr.write(
      '  This is a fault of cloakwright itself: please report it, with the lines above and your command.\n',
    )
    return
  }
  process.stderr.write(`${colors.red('error')}: ${error.message} (${error.code})\n`)
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint.replaceAll('\n', '\n  ')}\n`)
}

/** Milliseconds as a reader wants them: `812 ms`, `24.1 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`
}
