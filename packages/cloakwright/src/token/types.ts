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
  /** The issuers whose tokens are accepted; when a function decides, those of which tokens were verified and are kept. */
  readonly issuers: readonly string[]
  /**
   * What challenges call this service's realm, unless a guard is told: the last segment of the first issuer; with
   * {@link realmsOf} the host of its server, with another function `Keycloak`.
   */
  readonly realm: string
  /** The proofs that it checks of tokens that are bound to a key. */
  readonly proofs: ProofChecks
  /** By what it tells the time; its guards, and the policies that they run, tell it by the same. */
  readonly clock: Clock
  /** What it refuses as revoked, for a guard that ends the socket of a token that is revoked later. */
  readonly revocations: Revocations | undefined
  /**
   * Verifies an access token: signature by the realm's key of that name, algorithm, issuer, audience, type, times.
   * A refusal rejects the promise.
   *
   * @param presented How the token came, for a token that is bound to a key. Without it such a token is refused.
   * @throws {CW_TOKEN_MALFORMED} And the other `CW_TOKEN_*`: the token is refused (401).
   * @throws {CW_PROOF_INVALID} And the other `CW_PROOF_*`: the proof is refused (401).
   * @throws {CW_KEYS_UNAVAILABLE} The realm's keys can't be had (503, with `retryAfter`).
   * @throws {CW_INTROSPECTION_UNAVAILABLE} The realm can't be asked about the token (503, with `retryAfter`).
   * @throws {CW_STATE_UNAVAILABLE} What is revoked can't be read (503, with `retryAfter`).
   */
  verify(token: string, presented?: Presentation): Promise<AccessToken>
  /**
   * Resolves once the realm's keys are known, and tries to get them: for a readiness check or a start that waits. Of
   * several realms, all that are listed.
   *
   * @throws {CW_KEYS_UNAVAILABLE} Its `cause` says why: `CW_DISCOVERY_FAILED`, `CW_DISCOVERY_ISSUER`, …
   */
  ready(): Promise<void>
}

/** One realm whose tokens are accepted. */
export interface IssuerOptions {
  /** The realm's public address, letter by letter as in the token's `iss`: `https://HOST/realms/REALM`. */
  readonly issuer: string
  /** This service's name in the token's `aud`; with several, one must be there. `account`, which is in nearly every token, is refused. */
  readonly audience: string | readonly string[]
  /** The realm's address as this service reaches it, if not by the issuer: `http://keycloak:8080/realms/REALM`. */
  readonly internalUrl?: string | undefined
  /** Clients (`azp`) whose tokens are accepted; any client of the realm by default. */
  readonly authorizedParties?: readonly string[] | undefined
  /**
   * Asks the realm about tokens that do not say enough: lightweight access tokens, which have no roles and no audience,
   * and opaque ones. Without it they are refused.
   */
  readonly introspection?: IntrospectionOptions | undefined
}

/**
 * Says whether an issuer's tokens are accepted, and on which terms. What it answers is kept while the issuer is in use;
 * `undefined` refuses the token. Anybody can name any issuer, since no signature is checked before its keys are known:
 * answer for those alone that you have on a list.
 */
export interface IssuerResolver {
  (issuer: string): IssuerOptions | undefined | Promise<IssuerOptions | undefined>
  /** The Keycloak whose realms it knows, for messages and challenges; {@link realmsOf} sets it. */
  readonly server?: string
}

/** Several realms in one verifier. */
export interface SeveralIssuers {
  /** The realms, or a function that knows them: see {@link realmsOf} for all realms of one Keycloak. */
  readonly issuers: readonly IssuerOptions[] | IssuerResolver
  /** Realms that are kept at a time when a function knows them, 100 by default; the least used one is forgotten. */
  readonly maxIssuers?: number | undefined
}

/** What a verifier accepts: one realm, or several by `issuers`. */
export type VerifierOptions = (IssuerOptions | SeveralIssuers) & CommonOptions

/** What holds for every realm of a verifier. */
export interface CommonOptions {
  /** What is revoked is refused; see {@link createRevocations}. */
  readonly revocations?: Revocations | undefined
  /** Checks DPoP proofs (RFC 9449). Without it tokens that are bound to a DPoP key are refused. */
  readonly dpop?: DpopOptions | undefined
  /** Checks client certificates (RFC 8705). Without it tokens that are bound to a certificate are refused. */
  readonly mtls?: MtlsOptions | undefined
  /**
   * Allowed signature algorithms; all ten asymmetric ones by default. A token's choice is narrowed further to what
   * the realm's own key declares, so leave this unless policy names algorithms.
   */
  readonly algorithms?: readonly Algorithm[] | undefined
  /**
   * Seconds by which the clocks of this machine, the realm and clients may differ, 0–300; 5 by default. It holds for
   * `exp`, `nbf`, `iat` and `auth_time` of tokens and for the `iat` and nonces of DPoP proofs.
   */
  readonly clockTolerance?: number | undefined
  /** Limits of the cache of verified tokens, or `false` for none. */
  readonly cache?: TokenCacheLimits | false | undefined
  /** Longest accepted token in characters; 16,384 by default. */
  readonly maxTokenLength?: number | undefined
  /** Seconds between two looks at the realm for unknown keys; 5 by default. */
  readonly keysCoolDown?: number | undefined
  /** Seconds after which the keys are looked at again, so that a removed key stops working; 300 by default. */
  readonly keysMaxAge?: number | undefined
  /** Milliseconds for one request to the realm; 5000 by default. */
  readonly timeout?: number | undefined
  /** Called with each failed look at the realm's keys; known keys keep working meanwhile. */
  readonly onKeysError?: ((error: CloakwrightError) => void) | undefined
  /** Hears what the verifier does; `openTelemetry()` from `cloakwright/opentelemetry`. */
  readonly telemetry?: Telemetry | undefined
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; the system’s time by default. Guards of this verifier tell the time by it too. */
  readonly now?: (() => number) | undefined
  /** Accepts an issuer in plain http beyond loopback; for development, refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}
