import { defaultClockTolerance, systemTime } from '../clock.ts'
import type { CloakwrightError } from '../errors.ts'
import { issuerName } from '../metadata/index.ts'
import { createOrDefer } from '../next-build.ts'
import { requireOptions } from '../options.ts'
import { createDpop, createMtls, type ProofChecks } from '../proof/index.ts'
import { type Recheck, toVerifier, type VerifyAtOnce, type VerifySession } from './at-once.ts'
import { createTokenCache } from './cache.ts'
import { createTokensInFlight } from './in-flight.ts'
import { observeRefusals } from './observe.ts'
import { createRealm, type Realm } from './realm.ts'
import { createRealms, type Realms } from './realms.ts'
import type { IssuerOptions, Verifier, VerifierOptions } from './types.ts'
import { checkOptions } from './verifier-options.ts'
import { recheckClaims, type Verification, verifySessionToken, verifyToken } from './verify-token.ts'

/**
 * Creates a verifier of access tokens (RFC 7519, RFC 8725, RFC 9068 where Keycloak follows it), for one realm or
 * several. It fetches nothing before the first token, or {@link Verifier.ready}.
 *
 * @throws {CW_CONFIG_MISSING} No issuer or no audience; during `next build` only when the verifier is used.
 * @throws {CW_CONFIG_INVALID} An invalid value.
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
  requireOptions('createVerifier', '{ issuer, audience }', options, kinds)
  return createOrDefer(() => createConfigured(options), unusable)
}

const kinds = {
  now: 'function',
  fetch: 'function',
  onKeysError: 'function',
  revocations: 'object',
  dpop: 'object',
  mtls: 'object',
  telemetry: 'object',
} as const

function unusable(error: CloakwrightError): Verifier {
  const clock = { now: systemTime, tolerance: defaultClockTolerance }
  const fail = (): Promise<never> => Promise.reject(error)
  return {
    issuers: [],
    realm: '',
    proofs: { dpop: undefined, mtls: undefined },
    revocations: undefined,
    clock,
    verify: fail,
    ready: fail,
  }
}

function createConfigured(options: VerifierOptions): Verifier {
  const { now = systemTime, revocations, telemetry } = options
  const checked = checkOptions(options)
  const cache =
    checked.cache === false ? undefined : createTokenCache<Realm>(checked.cache, checked.clockTolerance)
  const create = (of: IssuerOptions): Realm => createRealm(of, options, checked, () => cache?.clear())
  const only = 'issuers' in options ? undefined : create(options)
  const realms =
    'issuers' in options ? createRealms(options, checked.maxIssuers, create) : oneRealm(only as Realm)

  const proofs: ProofChecks = {
    dpop: options.dpop && createDpop(options.dpop, checked.clockTolerance),
    mtls: options.mtls && createMtls(options.mtls),
  }

  const verification: Verification = {
    realms,
    only,
    cache,
    inFlight: createTokensInFlight<Realm>(),
    revocations,
    telemetry,
    proofs,
    allowed: checked.allowed,
    maxTokenLength: checked.maxTokenLength,
    now,
  }
  const verify: VerifyAtOnce = (text, presented) => verifyToken(verification, text, presented)
  const sessionVerification = {
    ...verification,
    inFlight: createTokensInFlight<Realm>(),
    revocations: undefined,
    maxTokenLength: maxSessionToken,
  }
  const ofSession: VerifySession = (text, startedAt) =>
    verifySessionToken(sessionVerification, revocations, text, startedAt)
  const recheck: Recheck = (claims) => recheckClaims(verification, claims)
  return toVerifier(
    telemetry === undefined ? verify : observeRefusals(verify, telemetry),
    ofSession,
    recheck,
    {
      get issuers() {
        return realms.issuers
      },
      realm: nameOf(realms),
      proofs,
      clock: { now, tolerance: checked.clockTolerance },
      revocations,
      async ready() {
        await Promise.all([realms.ready(), revocations?.ready()])
      },
    },
  )
}

/** Characters; more than any response of the realm that the session engine accepts. */
const maxSessionToken = 2 ** 21

/** A challenge always names a protection space (RFC 9110 §11.5), but never names a tenant to another one. */
function nameOf({ issuers: [issuer], resolver }: Realms): string {
  if (resolver === undefined) return issuer === undefined ? '' : issuerName(issuer)
  return resolver.server === undefined ? 'Keycloak' : new URL(resolver.server).host
}

function oneRealm(realm: Realm): Realms {
  return {
    issuers: [realm.expected.issuer],
    resolver: undefined,
    find: () => realm,
    use: () => {},
    ready: () => realm.keys.ready(),
  }
}
