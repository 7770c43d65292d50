import { CloakwrightError } from '../errors.ts'
import { createKeySet, type VerificationKey } from '../keys/index.ts'
import { createMetadata, type Fetch } from '../metadata/index.ts'
import { type AccessToken, toAccessToken } from './access-token.ts'
import { type Algorithm, isSigned } from './algorithms.ts'
import { createTokenCache, type TokenCacheLimits } from './cache.ts'
import { checkClaims } from './claims.ts'
import { parseClaims, type ParsedToken, parseToken } from './parse.ts'
import { checkOptions } from './verifier-options.ts'

/** Verifies access tokens of one realm. */
export interface Verifier {
  /** The issuer whose tokens are accepted. */
  readonly issuer: string
  /**
   * Verifies an access token: signature by the realm's key of that name, algorithm, issuer, audience, type, times.
   * A token seen before, and any token whose key is known, is answered at once and not by a promise: `await` takes both.
   *
   * @throws {CW_TOKEN_MALFORMED} And the other `CW_TOKEN_*`: the token is refused (401).
   * @throws {CW_KEYS_UNAVAILABLE} The realm's keys can't be had (503, with `retryAfter`).
   */
  verify(token: string): AccessToken | Promise<AccessToken>
  /**
   * Resolves once the realm's keys are known, and tries to get them: for a readiness check or a start that waits.
   *
   * @throws {CW_KEYS_UNAVAILABLE} Its `cause` says why: `CW_DISCOVERY_FAILED`, `CW_DISCOVERY_ISSUER`, …
   */
  ready(): Promise<void>
}

/** What a verifier accepts. */
export interface VerifierOptions {
  /** The realm's public address, letter by letter as in the token's `iss`: `https://HOST/realms/REALM`. */
  readonly issuer: string
  /** This service's name in the token's `aud`; with several, one must be there. `account`, which is in nearly every token, is refused. */
  readonly audience: string | readonly string[]
  /** The realm's address as this service reaches it, if not by the issuer: `http://keycloak:8080/realms/REALM`. */
  readonly internalUrl?: string | undefined
  /**
   * Allowed signature algorithms; all ten asymmetric ones by default. A token's choice is narrowed further to what
   * the realm's own key declares, so leave this unless policy names algorithms.
   */
  readonly algorithms?: readonly Algorithm[] | undefined
  /** Seconds by which clocks may differ, 0–300; 5 by default. */
  readonly clockTolerance?: number | undefined
  /** Clients (`azp`) whose tokens are accepted; any client of the realm by default. */
  readonly authorizedParties?: readonly string[] | undefined
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
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; `Date.now` by default. */
  readonly now?: (() => number) | undefined
  /** Accepts an issuer in plain http beyond loopback; for development, refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

/**
 * Makes a verifier of a realm's access tokens (RFC 7519, RFC 8725, RFC 9068 where Keycloak follows it).
 * Nothing is fetched before the first token, or {@link Verifier.ready}.
 *
 * @throws {CW_CONFIG_MISSING} No issuer or no audience.
 * @throws {CW_CONFIG_INVALID} A value that can't work.
 * @throws {CW_CONFIG_INSECURE} The audience `account`, a symmetric algorithm, plain http beyond loopback.
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 *
 * export async function whoIs(token: string): Promise<string> {
 *   const { subject } = await verifier.verify(token)
 *   return subject
 * }
 * ```
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { fetch = globalThis.fetch, now = Date.now } = options
  const {
    allowed,
    expected,
    maxTokenLength,
    timeout,
    coolDown,
    maxAge,
    cache: limits,
  } = checkOptions(options)
  const metadata = createMetadata({ ...options, fetch, now, timeout })
  const cache = limits === false ? undefined : createTokenCache(limits, expected.clockTolerance)
  const keys = createKeySet({
    metadata,
    fetch,
    now,
    timeout,
    coolDown,
    maxAge,
    onRemoved: () => cache?.clear(),
    onError: options.onKeysError ?? (() => {}),
  })

  const finish = (token: string, parsed: ParsedToken, key: VerificationKey | undefined): AccessToken => {
    checkSignature(parsed, key)
    const claims = parseClaims(parsed.payload)
    const verified = toAccessToken(claims, checkClaims(claims, expected, now() / 1000))
    cache?.set(token, verified)
    return verified
  }

  return {
    issuer: options.issuer,
    verify(token) {
      const time = now()
      const cached = typeof token === 'string' ? cache?.get(token, time / 1000) : undefined
      keys.keepFresh(time)
      if (cached !== undefined) return cached
      const parsed = parseToken(token, allowed, maxTokenLength)
      const key = keys.get(parsed.kid)
      if (key !== undefined) return finish(token, parsed, key)
      return keys.find(parsed.kid).then((found) => finish(token, parsed, found))
    },
    ready: () => keys.ready(),
  }
}

function checkSignature(parsed: ParsedToken, key: VerificationKey | undefined): void {
  if (key === undefined)
    throw new CloakwrightError('CW_TOKEN_KEY_UNKNOWN', 'Token: the realm has no such key (kid)', {
      hint: 'The token comes from another realm, or its key was removed. Get a new one.',
    })
  if (!key.algorithms.includes(parsed.algorithm))
    throw new CloakwrightError('CW_TOKEN_ALGORITHM', 'Token: its algorithm is not that of the key it names', {
      hint: 'Get the token from the realm itself.',
    })
  if (!isSigned(parsed.algorithm, key.publicKey, parsed.signed, parsed.signature))
    throw new CloakwrightError('CW_TOKEN_SIGNATURE', 'Token: the signature does not fit', {
      hint: 'The token was changed or forged. Send it exactly as the realm gave it.',
    })
}
