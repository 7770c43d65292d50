import { checkClockTolerance } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { checkAlgorithms } from '../jws/index.ts'
import { number } from '../numbers.ts'
import { requireOptions } from '../options.ts'
import type { TokenCacheLimits } from './cache.ts'
import type { Expectations } from './claims.ts'
import type { IssuerOptions, VerifierOptions } from './types.ts'

/** A verifier's options, checked and with defaults; times in milliseconds, except the tolerance. */
export interface CheckedOptions {
  readonly cache: Required<TokenCacheLimits> | false
  readonly allowed: ReadonlySet<string>
  /** Seconds. */
  readonly clockTolerance: number
  readonly maxIssuers: number
  readonly maxTokenLength: number
  readonly timeout: number
  readonly coolDown: number
  readonly maxAge: number
}

/**
 * Checks a verifier's options before the first token arrives.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE}
 */
export function checkOptions(options: VerifierOptions): CheckedOptions {
  if (options.cache !== false)
    requireOptions('createVerifier', '{ issuer, audience }', options, { cache: 'object' })
  const { maxEntries, maxBytes } = options.cache === false ? {} : (options.cache ?? {})
  return {
    cache: options.cache !== false && {
      maxEntries: number('cache.maxEntries', maxEntries, 10_000, 2, 10_000_000),
      maxBytes: number('cache.maxBytes', maxBytes, 32 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER),
    },
    allowed: checkAlgorithms(options.algorithms),
    clockTolerance: checkClockTolerance(options.clockTolerance),
    maxIssuers: number(
      'maxIssuers',
      'maxIssuers' in options ? options.maxIssuers : undefined,
      100,
      1,
      100_000,
    ),
    maxTokenLength: number('maxTokenLength', options.maxTokenLength, 16_384, 256, 1_048_576),
    coolDown: number('keysCoolDown', options.keysCoolDown, 5, 1, 3600) * 1000,
    timeout: number('timeout', options.timeout, 5_000, 1, 120_000),
    maxAge: number('keysMaxAge', options.keysMaxAge, 300, 10, 86_400) * 1000,
  }
}

/**
 * Checks the options for one realm's tokens.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE}
 */
export function checkExpectations(options: IssuerOptions, clockTolerance: number): Expectations {
  return {
    issuer: options.issuer,
    audiences: checkAudience(options.audience),
    authorizedParties: checkParties(options.authorizedParties),
    clockTolerance,
  }
}

function checkAudience(audience: unknown): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  const hint =
    'Set it to this service’s name in `aud`, usually its client id. Add an audience mapper to each client that calls it.'
  if (audience === undefined || audience === null || audience === '' || audiences.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'audience is missing', { hint })
  if (!isTexts(audiences))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'audience: an entry is empty or not a string', { hint })
  if (audiences.includes('account'))
    throw new CloakwrightError(
      'CW_CONFIG_INSECURE',
      'audience: `account` is in nearly every token of a realm',
      { hint },
    )
  return [...audiences]
}

function checkParties(parties: readonly string[] | undefined): readonly string[] | undefined {
  if (parties === undefined) return undefined
  const list: readonly unknown[] = Array.isArray(parties) ? parties : []
  if (list.length === 0 || !isTexts(list))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'authorizedParties: not a list of client ids', {
      hint: 'List the clients whose tokens are accepted, or omit it to accept those of every client of the realm.',
    })
  return [...list]
}

function isTexts(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === 'string' && value !== '')
}
