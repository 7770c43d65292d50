/** What the program ends with. */
export const exitCode = {
  done: 0,
  /** It failed, or was refused: standard error says what, where, why and what to do next. */
  failed: 1,
  /** `realm plan`: applying the definition would change something. */
  different: 2,
  /** The command line is wrong, or says too little. */
  usage: 2,
  /** Some of it was done, and some of it not: it says which. */
  partly: 3,
  /** Stopped by SIGINT. */
  interrupted: 130,
} as const

/** A command line that can be parsed and still can't be carried out. Ends the program with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** Told to stop, it did: why a signal of `abortedBySignals` is aborted. Ends the program with 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
