import type { SessionEngine, SessionRequest, Tenant } from '../session/index.ts'
import type { Verifier } from '../token/index.ts'
import type { Authenticator } from './authenticator.ts'
import type { EndWatch } from './end-watch.ts'
import type { RefusalContext } from './refusal.ts'
import type { Tickets } from './websocket/index.ts'

/** Shared by the steps of a guard. */
export interface GuardContext extends RefusalContext {
  readonly verifier: Verifier
  readonly authenticator: Authenticator
  readonly sessions: SessionEngine | undefined
  /** The tenant whose requests this context is for; `undefined` without tenants. */
  readonly tenant?: Tenant | undefined
  /** Finds the context of a request's tenant, if the sessions have several. */
  readonly ofTenant?: ((request: SessionRequest) => GuardContext | Promise<GuardContext>) | undefined
  readonly tickets: Tickets | undefined
  /** `undefined` if a WebSocket or a stream may stay open after its token or session has ended. */
  readonly watchEnd: EndWatch | undefined
}
