import type { Clock } from '../clock.ts'
import type { CloakwrightError } from '../errors.ts'
import type { IntrospectionOptions } from '../introspection/index.ts'
import type { Algorithm } from '../jws/index.ts'
import type { Fetch } from '../metadata/index.ts'
import type { DpopOptions, MtlsOptions, Presentation, ProofChecks } from '../proof/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import type { AccessToken } from './access-token.ts'
import type { TokenCacheLimits } from './cache.ts'
import type { Revocations } from './revocations.ts'

/** Verifies access tokens of one realm or of several. */
export interface Verifier {
  /** The issuers whose tokens are accepted; with a function, those whose tokens were verified and that are kept. */
  readonly issuers: readonly string[]
  /**
   * The realm name in this service's challenges, unless a guard sets one: the last segment of the first issuer; with
   * {@link realmsOf} the host of its server, with another function `Keycloak`.
   */
  readonly realm: string
  /** The proofs that it checks for tokens that are bound to a key. */
  readonly proofs: ProofChecks
  /** Its clock; its guards and their policies use the same. */
  readonly clock: Clock
  /** The revocations that it checks, for a guard that closes the socket of a token that is revoked later. */
  readonly revocations: Revocations | undefined
  /**
   * Verifies an access token: signature by the realm's key with that `kid`, algorithm, issuer, audience, type, times.
   * Rejects if the token is refused.
   *
   * @param presented How the token was sent, for a token that is bound to a key. Without it such a token is refused.
   * @throws {CW_TOKEN_MALFORMED} And the other `CW_TOKEN_*`: the token is refused (401).
   * @throws {CW_PROOF_INVALID} And the other `CW_PROOF_*`: the proof is refused (401).
   * @throws {CW_KEYS_UNAVAILABLE} The realm's keys could not be fetched (503, with `retryAfter`).
   * @throws {CW_INTROSPECTION_UNAVAILABLE} The realm could not introspect the token (503, with `retryAfter`).
   * @throws {CW_STATE_UNAVAILABLE} The revocations could not be read (503, with `retryAfter`).
   */
  verify(token: string, presented?: Presentation): Promise<AccessToken>
  /**
   * Resolves once the realm's keys are loaded, and loads them if needed: for a readiness check or a start that waits. With
   * several realms, it loads the keys of all listed ones.
   *
   * @throws {CW_KEYS_UNAVAILABLE} Its `cause` says why: `CW_DISCOVERY_FAILED`, `CW_DISCOVERY_ISSUER`, …
   */
  ready(): Promise<void>
}

/** One realm whose tokens are accepted. */
export interface IssuerOptions {
  /** The realm's public URL, exactly as in the token's `iss`: `https://HOST/realms/REALM`. */
  readonly issuer: string
  /** This service's name in the token's `aud`; of several, one is enough. `account`, which is in nearly every token, is refused. */
  readonly audience: string | readonly string[]
  /** The realm's URL for this service, if it differs from the issuer: `http://keycloak:8080/realms/REALM`. */
  readonly internalUrl?: string | undefined
  /** Clients (`azp`, or `client_id` of RFC 9068) whose tokens are accepted; any client of the realm by default. */
  readonly authorizedParties?: readonly string[] | undefined
  /**
   * Introspects tokens that have too few claims: lightweight access tokens, which have no roles and no audience,
   * and opaque ones. Without it they are refused.
   */
  readonly introspection?: IntrospectionOptions | undefined
}

/**
 * Decides whether an issuer's tokens are accepted, and with which options. The result is kept while the issuer is in use;
 * `undefined` refuses the token. Anyone can name any issuer, since the signature is checked only once the keys are known:
 * accept only issuers on your own list.
 */
export interface IssuerResolver {
  (issuer: string): IssuerOptions | undefined | Promise<IssuerOptions | undefined>
  /** The Keycloak server of the realms, for messages and challenges; {@link realmsOf} sets it. */
  readonly server?: string
}

/** Several realms in one verifier. */
export interface SeveralIssuers {
  /** The realms, or a function that returns them: see {@link realmsOf} for all realms of one Keycloak. */
  readonly issuers: readonly IssuerOptions[] | IssuerResolver
  /** Maximum number of realms that are kept when a function returns them, 100 by default; the least recently used is dropped. */
  readonly maxIssuers?: number | undefined
}

/** The realm or realms of a verifier: one realm, or several by `issuers`. */
export type VerifierOptions = (IssuerOptions | SeveralIssuers) & CommonOptions

/** Options for every realm of a verifier. */
export interface CommonOptions {
  /** Revoked tokens are refused; see {@link createRevocations}. */
  readonly revocations?: Revocations | undefined
  /** Checks DPoP proofs (RFC 9449). Without it, tokens that are bound to a DPoP key are refused. */
  readonly dpop?: DpopOptions | undefined
  /** Checks client certificates (RFC 8705). Without it, tokens that are bound to a certificate are refused. */
  readonly mtls?: MtlsOptions | undefined
  /**
   * Allowed signature algorithms; all ten asymmetric ones by default. The algorithm of the realm's own key limits each
   * token further, so set this only if a security policy names algorithms.
   */
  readonly algorithms?: readonly Algorithm[] | undefined
  /**
   * Seconds that the clocks of this machine, the realm and clients may differ by, 0–300; 5 by default. It applies to
   * `exp`, `nbf`, `iat` and `auth_time` of tokens and for the `iat` and nonces of DPoP proofs.
   */
  readonly clockTolerance?: number | undefined
  /** Limits of the cache of verified tokens, or `false` for no cache. */
  readonly cache?: TokenCacheLimits | false | undefined
  /** Maximum length of a token in characters; 16,384 by default. */
  readonly maxTokenLength?: number | undefined
  /** Minimum seconds between two fetches of the keys for unknown `kid`s; 5 by default. */
  readonly keysCoolDown?: number | undefined
  /** Seconds after which the keys are fetched again, so that a removed key stops working; 300 by default. */
  readonly keysMaxAge?: number | undefined
  /** Timeout of one request to the realm in milliseconds; 5000 by default. */
  readonly timeout?: number | undefined
  /** Called after each failed fetch of the realm's keys; known keys keep working meanwhile. */
  readonly onKeysError?: ((error: CloakwrightError) => void) | undefined
  /** Receives the events of the verifier; `openTelemetry()` from `cloakwright/opentelemetry`. */
  readonly telemetry?: Telemetry | undefined
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; the system’s time by default. Guards of this verifier use it too. */
  readonly now?: (() => number) | undefined
  /** Accepts an issuer in plain http beyond loopback; for development, refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}
