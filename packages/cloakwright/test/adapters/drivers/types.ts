import type { GuardOptions, LogEntry } from 'cloakwright'
import type { SessionEngine } from 'cloakwright/session'
import type { Guards } from '../../../src/guard/index.ts'

/** What a handler answers with. */
export type Handler =
  /** `{"ok":true}` */
  | 'ok'
  /** `{"user":…}`, of the user whom a guard let in. */
  | 'user'
  /** The same, or `{"user":null}`. */
  | 'maybe-user'
  /** `{"title":…}`, a field of the form that it reads. */
  | 'form'
  /** Nothing: it throws. */
  | 'throws'

/** A route as every adapter makes it: for GET, HEAD, POST and OPTIONS. */
export interface Route {
  readonly path: string
  /** Its guard, by the names that all adapters have. */
  readonly guard?: (<Guard>(guards: Guards<Guard>) => Guard) | undefined
  /** Several guards, one after the other. */
  readonly guards?: (<Guard>(guards: Guards<Guard>) => readonly Guard[]) | undefined
  readonly handler: Handler
}

/** The guards of a route, in the order in which they run. */
export function guardsOf<Guard>({ guard, guards }: Route, by: Guards<Guard>): readonly Guard[] {
  return guards?.(by) ?? (guard === undefined ? [] : [guard(by)])
}

/** The service that a driver starts. */
export interface ServiceOptions {
  /** What the guards work with; without it the adapter is not registered. */
  readonly guard?: GuardOptions | undefined
  /** Browser sessions that are accepted, where the adapter accepts any. */
  readonly sessions?: SessionEngine | undefined
  readonly routes: readonly Route[]
  /** More routes, in a router of the framework's own that is mounted below `/mounted`. */
  readonly mounted?: readonly Route[] | undefined
}

/** A service that listens on loopback. */
export interface Service {
  readonly port: number
  close(): Promise<void>
}

/** What the log says of a refusal. */
export type Logged = Pick<LogEntry, 'level' | 'code' | 'message' | 'hint'>

/** Starts services on one framework. */
export interface Driver {
  readonly name: string
  /** Whether an error of a handler is answered by the adapter, and not by the framework. */
  readonly answersErrors: boolean
  /** Whether a guard finds out that the adapter is not registered, or a handler that it has no guard. */
  readonly registers: boolean
  /** Whether the connection is known, for what a proxy on it says. */
  readonly knowsConnection: boolean
  /** Whether it accepts browser sessions. */
  readonly acceptsSessions: boolean
  /** Everything that was logged by the services since the start, as it was given to the log. */
  readonly logs: Logged[]
  start(options: ServiceOptions): Promise<Service>
}

/** What a handler that throws has in its error, and nobody may see. */
export const canary = 'CANARY7f3a'
