import type { Policy } from '../policy/index.ts'
import type { SessionEngine } from '../session/index.ts'
import type { Admission, Refused } from './admission.ts'
import { admit } from './admit.ts'
import { createAuthenticator } from './authenticator.ts'
import type { GuardContext } from './context.ts'
import { checkGuardOptions, type GuardOptions, withClock } from './options.ts'
import { refuse } from './refusal.ts'
import type { GuardedRequest } from './request/index.ts'
import { createResourceMetadata, type ResourceMetadata } from './resource.ts'
import { createSocketWatch } from './websocket/index.ts'

/** Decides which requests are admitted; an adapter calls it and applies the decision. */
export interface Guard {
  /** What this service requires of its clients, for the route that publishes it. */
  readonly resource: ResourceMetadata | undefined
  /**
   * Decides whether the policy admits the request: synchronously, without a promise, if nothing has to be fetched.
   * Never throws or rejects: any failure is a refusal, and an error of a policy's own function is one with status 500.
   *
   * @param anonymous Admits requests without credentials; invalid ones are still refused.
   */
  admit(request: GuardedRequest, policy: Policy, anonymous: boolean): Admission | Promise<Admission>
  /** The response to an error, the same in every adapter. */
  refuse(error: unknown, request: Pick<GuardedRequest, 'id' | 'native'>): Refused
}

/** Creates the guard of one service; browser sessions count as credentials if `sessions` is set. */
export function createGuard(options: GuardOptions, sessions?: SessionEngine): Guard {
  checkGuardOptions(options, sessions)
  const verifier = withClock(options.verifier)
  const resource = options.resource && createResourceMetadata(options.resource, verifier)
  const context: GuardContext = {
    verifier,
    authenticator: createAuthenticator(verifier),
    sessions,
    tickets: options.tickets,
    watchSocket: options.endWithToken === false ? undefined : createSocketWatch(verifier, sessions),
    realm: options.realm ?? verifier.realm,
    resourceMetadata: resource?.url,
    dpopAlgorithms: verifier.proofs.dpop?.algorithms,
    explain: options.explain ?? process.env['NODE_ENV'] === 'development',
    formatError: options.formatError,
  }
  return {
    resource,
    admit: (request, policy, anonymous) => admit(context, request, policy, anonymous),
    refuse: (error, request) => refuse(context, error, request),
  }
}
