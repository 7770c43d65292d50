/** Hears what a verifier does: {@link openTelemetry} from `cloakwright/opentelemetry`, or your own. It must not throw. */
export interface Telemetry {
  /** A token was accepted; the proof of a bound one is checked after, and may still be refused. */
  accepted(fromCache: boolean): void
  /** A token was refused, or could not be judged, with the error's code. */
  refused(code: string): void
  /** Runs a verification that the cache did not answer. */
  verification<T>(work: () => T | Promise<T>): T | Promise<T>
  /** Runs one request to the realm. */
  request(what: RealmRequest, work: () => Promise<Response>): Promise<Response>
}

/** What the realm is asked for. */
export type RealmRequest = 'discovery' | 'keys' | 'introspection'
