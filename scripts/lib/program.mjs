/** Start and failure handling of all scripts. */

/** An expected failure: printed without a stack. */
export class Problem extends Error {
  constructor(message, hint) {
    super(message)
    this.hint = hint
  }
}

/** Runs a script's main function; an expected failure is printed and ends the process with 1. */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
      say(`error: ${error.message}\n  Free space on that disk, then try again`)
      process.exit(1)
    }
    if (!(error instanceof Problem)) throw error
    say(`error: ${error.message}\n  ${error.hint}`)
    process.exit(1)
  }
}

/** Writes a line on standard error. */
export function say(text) {
  process.stderr.write(`${text}\n`)
}
