/** Receives the events of a verifier: {@link openTelemetry} from `cloakwright/opentelemetry`, or your own. It must not throw. */
export interface Telemetry {
  /** A token was accepted. The proof of a bound token is checked later and may still be refused. */
  accepted(fromCache: boolean): void
  /** A token was refused or could not be checked, with the error's code. */
  refused(code: string): void
  /** Runs the verification of a token that is not in the cache. */
  verification<T>(work: () => T | Promise<T>): T | Promise<T>
  /** Runs one request to the realm. */
  request(what: RealmRequest, work: () => Promise<Response>): Promise<Response>
}

/** The type of a request to the realm. */
export type RealmRequest = 'discovery' | 'keys' | 'introspection'
