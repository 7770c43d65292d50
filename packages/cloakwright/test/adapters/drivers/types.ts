import type { AccessToken, GuardOptions, LogEntry } from 'cloakwright'
import type { Session } from 'cloakwright/session'
import type { ForwardOptions } from '../../../src/forward/index.ts'
import type { Guards } from '../../../src/guard/index.ts'

/** The response of a handler. */
export type Handler =
  /** `{"ok":true}` */
  | 'ok'
  /** `{"user":…}`, the user that a guard admitted. */
  | 'user'
  /** The same, or `{"user":null}`. */
  | 'maybe-user'
  /** `{"title":…}`, a field of the form. */
  | 'form'
  /** `{"since":…}`, when the user of the session signed in, or `{"since":null}`. */
  | 'session'
  /** `{"data":…}`, the data of the session after one more visit was counted in it. */
  | 'data'
  /** `{"roles":…}`, the user's roles after a refresh of the session. */
  | 'refresh'
  /** The result of {@link Route.call} for the user. */
  | 'call'
  /** A stream of events (SSE) that the handler never ends. */
  | 'events'
  /** Nothing: the handler throws. */
  | 'throws'

/** A route that every adapter creates: for GET, HEAD, POST and OPTIONS. */
export interface Route {
  readonly path: string
  /** Its guard, by the names in all adapters. */
  readonly guard?: (<Guard>(guards: Guards<Guard>) => Guard) | undefined
  /** Several guards, one after the other. */
  readonly guards?: (<Guard>(guards: Guards<Guard>) => readonly Guard[]) | undefined
  readonly handler: Handler
  /** What the handler `call` does for its user. */
  readonly call?: ((user: AccessToken) => Promise<object>) | undefined
}

/** The guards of a route, in order. */
export function guardsOf<Guard>({ guard, guards }: Route, by: Guards<Guard>): readonly Guard[] {
  return guards?.(by) ?? (guard === undefined ? [] : [guard(by)])
}

/** The service that a driver starts. */
export interface ServiceOptions {
  /** The options of the guards; without them the adapter is not registered. */
  readonly guard?: GuardOptions | undefined
  readonly routes: readonly Route[]
  /** More routes, in a router of the framework that is mounted below `/mounted`. */
  readonly mounted?: readonly Route[] | undefined
  /** Where requests below `/api` are forwarded to, as an application does it that reads no bodies before. */
  readonly forwarded?: { readonly upstream: string; readonly options?: ForwardOptions } | undefined
  /** What reads bodies before the adapter does: one of {@link Driver.bodyReaders}. */
  readonly bodyReader?: string | undefined
  /** Whether the adapter has no `onRefused`, so that {@link Driver.logs} gets nothing. */
  readonly usualLog?: boolean | undefined
  /** Whether the framework's CORS middleware is registered before the adapter. */
  readonly cors?: boolean | undefined
}

/** Counts a visit in the data of a session. */
export async function countVisit(session: Session | undefined): Promise<{ readonly data: unknown }> {
  const counted = session as Session<{ readonly visits: number }> | undefined
  const changed = await counted?.update((data) => ({ visits: (data?.visits ?? 0) + 1 }))
  return { data: changed?.data }
}

/** A service that listens on loopback. */
export interface Service {
  readonly port: number
  close(): Promise<void>
}

/** The log entry of a refusal. */
export type Logged = Pick<LogEntry, 'level' | 'code' | 'message' | 'hint'>

/** Starts services on one framework. */
export interface Driver {
  readonly name: string
  /** Whether the adapter, not the framework, sends the error of a handler. */
  readonly answersErrors: boolean
  /** Whether a guard detects that the adapter is not registered, or a handler that it has no guard. */
  readonly registers: boolean
  /** Whether the connection is known, for the headers of a proxy. */
  readonly knowsConnection: boolean
  /** Body parsers that a service may have before the adapter, by name. */
  readonly bodyReaders: readonly string[]
  /** Whether the framework has CORS middleware. */
  readonly hasCors: boolean
  /** Whether the framework has no log, so that the adapter writes failures to standard error by default. */
  readonly writesFailures: boolean
  /** All log entries of the services since the start, as passed to the log. */
  readonly logs: Logged[]
  start(options: ServiceOptions): Promise<Service>
}

/** A string in the error of a handler that throws; no client may see it. */
export const canary = 'CANARY7f3a'
