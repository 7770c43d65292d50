import type { Problem } from '../problem.ts'
import type { Session } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

/** A guard's decision: admit the request, or send a response instead. */
export type Admission = Admitted | Refused | Redirected

/** The request is admitted. */
export interface Admitted {
  readonly kind: 'admitted'
  /** Undefined only if anonymous requests are admitted. */
  readonly user: AccessToken | undefined
  /** Headers for the handler's response. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** The browser session of the user, if there is one. */
  readonly session?: Session | undefined
}

/** The response is a problem. */
export interface Refused {
  readonly kind: 'refused'
  readonly problem: ShownProblem
  /** The problem in the format that clients receive. */
  readonly answer: Answer
  readonly log: LogEntry
}

/** The response is the session engine's: it redirects a navigation to the login. */
export interface Redirected {
  readonly kind: 'redirected'
  readonly response: Response
  /** Whether there was a session whose tokens are not accepted any more. */
  readonly orphaned: boolean
}

/** The problem that a client may see; it has reason and hint only if the guard explains refusals. */
export interface ShownProblem extends Problem {
  readonly reason?: string | undefined
  readonly hint?: string | undefined
  /** Where a browser signs in, as a path of this service; only if that can help. */
  readonly login?: string | undefined
}

/** A response that every framework can send. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Why a request was refused, for the log: it contains no token, secret or claim value. */
export interface LogEntry {
  /** `warn` if the service or its realm must be fixed, `info` if the client caused it. */
  readonly level: 'info' | 'warn' | 'error'
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly requestId: string
  /** The error itself if the service failed; its cause has more. */
  readonly error?: unknown
}
