import type { ChallengeParameters } from '../errors.ts'
import type { AccessToken } from '../token/index.ts'

/** The result of a policy for a token; a refusal has a reason for the log. */
export type Decision = Allowed | Refused

export interface Allowed {
  readonly allowed: true
}

export interface Refused {
  readonly allowed: false
  readonly code:
    | 'CW_FORBIDDEN'
    | 'CW_SCOPE_INSUFFICIENT'
    | 'CW_STEP_UP_REQUIRED'
    | 'CW_PROOF_REQUIRED'
    | 'CW_TOKEN_AUDIENCE'
  /** What is missing, by the policy's own names; never a claim's value, except the client that has the role instead. */
  readonly reason: string
  /** What the client must send next time. */
  readonly challenge?: ChallengeParameters | undefined
  /** The token does not state whether it holds: then its opposite is refused as well (`not`). */
  readonly undetermined?: true | undefined
}

/** The inputs of a policy in addition to the token. */
export interface PolicyContext {
  /** Seconds since the epoch. */
  readonly now: number
  /** Seconds that the realm's clock may differ by; 5 by default. */
  readonly clockTolerance?: number | undefined
  /** The framework's own request: Fastify's, Express', Hono's context, Nest's execution context, a web Request. */
  readonly request: unknown
  /** One object that represents the HTTP request for all guards: a policy's cached results apply to all of them. */
  readonly requestIdentity?: object | undefined
  /** The encoded token, for a policy that asks the realm in the user's name. Never logged. */
  readonly tokenText: string
}

/** An authorization rule as a value: it can be named, logged, combined and explained. */
export interface Policy {
  /** Completes the sentence “needs …”. */
  readonly description: string
  /**
   * Decides synchronously if possible, so that a request that waits for nothing is not delayed. Any other
   * return value is an error (500), alone and inside `allOf`, `anyOf` and `not`.
   *
   * @throws {CW_PERMISSIONS_UNAVAILABLE} Only a policy that asks the realm.
   */
  evaluate(token: AccessToken, context: PolicyContext): Decision | Promise<Decision>
  /** Its parts, for an explanation step by step. */
  readonly parts?:
    | { readonly kind: 'allOf' | 'anyOf' | 'not'; readonly policies: readonly Policy[] }
    | undefined
}
