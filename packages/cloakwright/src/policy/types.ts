import type { ChallengeParameters } from '../errors.ts'
import type { AccessToken } from '../token/index.ts'

/** What a policy says of a token; a refusal gives its reason for the log. */
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
  /** What is missing, in the names of the policy; never a claim's value, but for the client that has the role instead. */
  readonly reason: string
  /** What the client must bring the next time. */
  readonly challenge?: ChallengeParameters | undefined
  /** The token does not say whether it holds: then its opposite is refused as well (`not`). */
  readonly undetermined?: true | undefined
}

/** What a policy may look at beside the token. */
export interface PolicyContext {
  /** Seconds since the epoch. */
  readonly now: number
  /** Seconds by which the realm's clock may differ; 5 by default. */
  readonly clockTolerance?: number | undefined
  /** The request as the framework has it: Fastify's, Express', Hono's context, Nest's execution context, a web Request. */
  readonly request: unknown
  /** The one object that stands for the HTTP request, whichever guard asks: what a policy finds out counts for all of them. */
  readonly requestIdentity?: object | undefined
  /** The token's text, for a policy that asks the realm in the user's name. Never logged. */
  readonly tokenText: string
}

/** A rule about who may do something, as a value: it can be named, logged, combined and explained. */
export interface Policy {
  /** Reads as “needs …”. */
  readonly description: string
  /**
   * Decides at once where it can, so that a request that needs nothing else is not put off. Whatever else it
   * returns is an error (500), alone and inside `allOf`, `anyOf` and `not`.
   *
   * @throws {CW_PERMISSIONS_UNAVAILABLE} Only a policy that asks the realm.
   */
  evaluate(token: AccessToken, context: PolicyContext): Decision | Promise<Decision>
  /** What it is made of, for an explanation step by step. */
  readonly parts?:
    | { readonly kind: 'allOf' | 'anyOf' | 'not'; readonly policies: readonly Policy[] }
    | undefined
}
