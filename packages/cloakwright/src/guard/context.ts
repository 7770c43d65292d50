import type { SessionEngine } from '../session/index.ts'
import type { Verifier } from '../token/index.ts'
import type { Authenticator } from './authenticator.ts'
import type { RefusalContext } from './refusal.ts'
import type { SocketWatch, Tickets } from './websocket/index.ts'

/** What the steps of a guard share. */
export interface GuardContext extends RefusalContext {
  readonly verifier: Verifier
  readonly authenticator: Authenticator
  readonly sessions: SessionEngine | undefined
  readonly tickets: Tickets | undefined
  /** `undefined` where a WebSocket may outlast what opened it. */
  readonly watchSocket: SocketWatch | undefined
}
