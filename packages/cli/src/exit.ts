/** The exit codes of the program. */
export const exitCode = {
  done: 0,
  /** It failed or was refused. Standard error has the reason and the next step. */
  failed: 1,
  /** `realm plan`: apply would change something. */
  different: 2,
  /** The command line is wrong or incomplete. */
  usage: 2,
  /** Only part of it was done. The output names the rest. */
  partly: 3,
  /** Stopped by SIGINT. */
  interrupted: 130,
} as const

/** A command line that commander accepts but the command does not. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Clean shutdown on SIGINT or SIGTERM: the reason of a signal of `abortedBySignals`. Exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
