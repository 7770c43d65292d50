import type { Problem } from '../problem.ts'
import type { Session } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

/** What a guard says: let it in, or answer instead. */
export type Admission = Admitted | Refused | Redirected

/** The request may go on. */
export interface Admitted {
  readonly kind: 'admitted'
  /** Undefined only where anonymous requests are let in. */
  readonly user: AccessToken | undefined
  /** Fields for the answer that the handler gives. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The browser session that the user comes from, if it is one. */
  readonly session?: Session | undefined
}

/** The request is answered with a problem. */
export interface Refused {
  readonly kind: 'refused'
  readonly problem: ShownProblem
  /** The problem in the format that clients get. */
  readonly answer: Answer
  readonly log: LogEntry
}

/** The navigation goes to the login. */
export interface Redirected {
  readonly kind: 'redirected'
  readonly response: Response
  /** Whether there was a session whose tokens are not accepted any more. */
  readonly orphaned: boolean
}

/** The problem that a client gets to see; reason and hint only where the guard explains. */
export interface ShownProblem extends Problem {
  readonly reason?: string | undefined
  readonly hint?: string | undefined
}

/** An answer as every framework can send it. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Why a request was refused, for the log: it holds no token, secret or claim value. */
export interface LogEntry {
  /** `warn` for what the service or its realm should mend, `info` for what the client did. */
  readonly level: 'info' | 'warn' | 'error'
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly requestId: string
  /** The error itself where the service failed; its cause says more. */
  readonly error?: unknown
}
