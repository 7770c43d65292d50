import { CloakwrightError } from '../errors.ts'
import { type Algorithm, algorithms } from './algorithms.ts'
import { parseStrictObject } from './strict-json.ts'

/** A token taken apart; nothing of it is trusted yet. */
export interface ParsedToken {
  readonly algorithm: Algorithm
  readonly kid: string
  /** The bytes that the signature covers. */
  readonly signed: Buffer
  readonly signature: Buffer
  /** The payload's bytes; read them by {@link parseClaims} once the signature is verified. */
  readonly payload: Buffer
}

/** Without a prototype, so that nothing is inherited. */
type Members = Readonly<Record<string, unknown>>

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/

/**
 * Takes a compact JWS apart (RFC 7515 §5.2, with RFC 8725's cautions): three base64url segments without padding or
 * trailing bits, a strict JSON header with an allowed `alg` and a `kid`, nothing critical, no detour to other keys.
 *
 * @throws {CW_TOKEN_MALFORMED}
 * @throws {CW_TOKEN_ALGORITHM}
 * @throws {CW_TOKEN_TYPE} The header says that this is no access token.
 * @throws {CW_TOKEN_KEY_UNKNOWN} The header names no key.
 */
export function parseToken(token: string, allowed: ReadonlySet<string>, maxLength: number): ParsedToken {
  if (typeof token !== 'string') throw malformed('no text')
  if (token.length > maxLength)
    throw malformed(
      `longer than ${maxLength} characters`,
      'Map fewer claims into the token, or raise maxTokenLength.',
    )
  if (!compactForm.test(token)) throw malformed('not three base64url segments (a compact JWS)')
  const firstDot = token.indexOf('.')
  const lastDot = token.lastIndexOf('.')
  const header = parseStrictObject(decode(token.slice(0, firstDot)))
  if (header === undefined) throw malformed('its header is not one JSON object without repeated names')
  const algorithm = checkAlgorithm(header, allowed)
  checkHeader(header)
  const kid = header['kid']
  if (kid === undefined)
    throw new CloakwrightError('CW_TOKEN_KEY_UNKNOWN', 'Token: its header names no key (kid)', {
      hint: 'Keycloak names the key in every token: this one comes from elsewhere.',
    })
  if (typeof kid !== 'string') throw malformed('its kid is no string')
  return {
    algorithm,
    kid,
    signed: Buffer.from(token.slice(0, lastDot), 'latin1'),
    signature: decode(token.slice(lastDot + 1)),
    payload: decode(token.slice(firstDot + 1, lastDot)),
  }
}

/**
 * Reads the claims of a token whose signature is verified.
 *
 * @throws {CW_TOKEN_MALFORMED}
 */
export function parseClaims(payload: Buffer): Readonly<Record<string, unknown>> {
  const claims = parseStrictObject(payload)
  if (claims === undefined) throw malformed('its payload is not one JSON object without repeated names')
  return claims
}

function checkAlgorithm(header: Members, allowed: ReadonlySet<string>): Algorithm {
  const algorithm = header['alg']
  if (typeof algorithm === 'string' && allowed.has(algorithm)) return algorithm as Algorithm
  const known = (algorithms as readonly unknown[]).includes(algorithm)
  throw new CloakwrightError(
    'CW_TOKEN_ALGORITHM',
    known
      ? `Token: signed with ${String(algorithm)}, which this verifier does not allow`
      : 'Token: its header names no asymmetric signature algorithm',
    {
      hint: known
        ? 'Add it to `algorithms` if your realm signs with it.'
        : 'Get the token from the realm itself.',
    },
  )
}

/** `at+jwt` is RFC 9068's and an option of Keycloak's clients; `JWT` is Keycloak's default. */
const accessTokenTypes = new Set(['jwt', 'at+jwt', 'application/at+jwt', 'application/jwt'])

function checkHeader(header: Members): void {
  // RFC 7515 §4.1.11: what is critical must be understood, and nothing is.
  if ('crit' in header) throw malformed('its header has critical extensions (crit)')
  if ('b64' in header) throw malformed('its header changes the encoding (b64)')
  const type = header['typ']
  if (type === undefined) return
  if (typeof type !== 'string' || !accessTokenTypes.has(type.toLowerCase()))
    throw new CloakwrightError('CW_TOKEN_TYPE', 'Token: its header’s typ is not that of an access token', {
      hint: 'Send the access token, not an ID, refresh or logout token or a proof.',
    })
}

/** Decodes base64url whose alphabet is checked; a length or last character that no encoder makes is refused. */
function decode(segment: string): Buffer {
  const rest = segment.length % 4
  const canonical =
    rest === 0 ||
    (rest === 2 && /[AQgw]$/.test(segment)) ||
    (rest === 3 && /[AEIMQUYcgkosw048]$/.test(segment))
  if (!canonical) throw malformed('a segment is not canonical base64url')
  return Buffer.from(segment, 'base64url')
}

function malformed(why: string, hint?: string): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_MALFORMED', `Token: ${why}`, {
    hint: hint ?? 'Send the access token exactly as the realm’s token endpoint gave it.',
  })
}
