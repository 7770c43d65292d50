import { CloakwrightError } from '../errors.ts'
import {
  type Algorithm,
  algorithms,
  decodeBytes,
  decodeText,
  type OneByteString,
  parseStrictObject,
  toOneByte,
} from '../jws/index.ts'
import { wrongAlgorithm } from './wrong-token.ts'

/** A parsed token; do not trust it yet. */
export interface ParsedToken {
  readonly algorithm: Algorithm
  readonly kid: string
  /** Whether the header says that it is an access token (RFC 9068 §2.1). */
  readonly isAccessToken: boolean
  /** The token, as its own string: a slice of a larger string would keep all of it in memory. */
  readonly text: string
  /** The ASCII string that the signature covers. */
  readonly signed: string
  readonly signature: Buffer
  /** The payload as a string, `null` if it is not valid UTF-8; read it with {@link parseClaims}. */
  readonly payload: string | null
}

/** The values of a token's header, once it is accepted. */
interface Header {
  readonly algorithm: Algorithm
  readonly kid: string
  readonly isAccessToken: boolean
}

/** Without a prototype, so that nothing is inherited. */
type Members = Readonly<Record<string, unknown>>

/**
 * Parses a compact JWS (RFC 7515 §5.2, with RFC 8725's cautions): three base64url segments without padding or
 * trailing bits, and a strict JSON header with an allowed `alg` and a `kid`. Critical extensions and references to
 * other keys are refused.
 *
 * @throws {CW_TOKEN_MALFORMED}
 * @throws {CW_TOKEN_ALGORITHM}
 * @throws {CW_TOKEN_TYPE} The header's type is not that of an access token.
 * @throws {CW_TOKEN_KEY_UNKNOWN} The header has no `kid`.
 */
export function parseToken(token: string, allowed: ReadonlySet<string>, maxLength: number): ParsedToken {
  if (typeof token !== 'string') throw malformed('no text')
  if (token.length > maxLength)
    throw malformed(
      `longer than ${maxLength} characters`,
      'Map fewer claims into the token, or raise maxTokenLength.',
    )
  const text = toOneByte(token)
  if (text === undefined) throw notCompact()
  const firstDot = text.indexOf('.')
  const secondDot = text.indexOf('.', firstDot + 1)
  if (firstDot < 1 || secondDot <= firstDot + 1) throw notCompact()
  // Another dot would be in the signature, where it is not base64url.
  const payload = decodeText(text, firstDot + 1, secondDot)
  const signature = decodeBytes(text, secondDot + 1, text.length)
  if (payload === undefined || signature === undefined) throw notCanonical()
  const { algorithm, kid, isAccessToken } = headerOf(text, firstDot, payload, allowed)
  return { algorithm, kid, isAccessToken, text, signed: text.slice(0, secondDot), signature, payload }
}

/**
 * Parses the claims of a token; trust them only if its signature is valid.
 *
 * @throws {CW_TOKEN_MALFORMED}
 */
export function parseClaims(payload: string | null): Readonly<Record<string, unknown>> {
  const claims = payload === null ? undefined : parseStrictObject(payload)
  if (claims === undefined) throw malformed('its payload is not one JSON object with unique names')
  return claims
}

/**
 * Accepted headers by their base64url string: the tokens of a realm have the same header for each of its keys. The meaning
 * of a string is the same for every verifier; what is allowed differs and is checked each time.
 */
const knownHeaders = new Map<string, Header>()
/** Anyone can make up headers: at this number and length, the cache starts over. */
const maxKnownHeaders = 64
const maxKnownLength = 512

function headerOf(
  text: OneByteString,
  end: number,
  payload: string | null,
  allowed: ReadonlySet<string>,
): Header {
  const segment = text.slice(0, end)
  const known = knownHeaders.get(segment)
  if (known !== undefined) {
    checkAlgorithm(known.algorithm, allowed)
    return known
  }
  const header = readHeader(decodeText(text, 0, end), payload, allowed)
  // A copy: the slice would keep its whole token.
  const copy = end <= maxKnownLength ? toOneByte(segment) : undefined
  if (copy !== undefined) {
    if (knownHeaders.size >= maxKnownHeaders) knownHeaders.clear()
    knownHeaders.set(copy, header)
  }
  return header
}

function readHeader(
  text: string | null | undefined,
  payload: string | null,
  allowed: ReadonlySet<string>,
): Header {
  if (text === undefined) throw notCanonical()
  const header = text === null ? undefined : parseStrictObject(text)
  if (header === undefined) throw malformed('its header is not one JSON object with unique names')
  const algorithm = checkAlgorithm(header['alg'], allowed, payload)
  const isAccessToken = checkHeader(header)
  const kid = header['kid']
  if (kid === undefined)
    throw new CloakwrightError('CW_TOKEN_KEY_UNKNOWN', 'Token: its header has no key ID (kid)', {
      hint: 'Get the token from the realm: Keycloak writes a kid into every token.',
    })
  if (typeof kid !== 'string') throw malformed('its kid is not a string')
  return { algorithm, kid, isAccessToken }
}

function checkAlgorithm(
  algorithm: unknown,
  allowed: ReadonlySet<string>,
  payload: string | null = null,
): Algorithm {
  if (typeof algorithm === 'string' && allowed.has(algorithm)) return algorithm as Algorithm
  const known = (algorithms as readonly unknown[]).includes(algorithm)
  const refusal = new CloakwrightError(
    'CW_TOKEN_ALGORITHM',
    known
      ? `Token: signed with ${String(algorithm)}, which this verifier does not allow`
      : 'Token: its header has no asymmetric signature algorithm (alg)',
    {
      hint: known
        ? 'Add it to `algorithms` if your realm signs with it.'
        : 'Get the token from the realm itself.',
    },
  )
  const symmetric = typeof algorithm === 'string' && /^HS\d{3}$/.test(algorithm)
  throw symmetric ? wrongAlgorithm(refusal, payload) : refusal
}

/** `at+jwt` is from RFC 9068 and an option of Keycloak's clients; `JWT` is Keycloak's default. */
const accessTokenTypes = new Set(['jwt', 'at+jwt', 'application/at+jwt', 'application/jwt'])

/** Returns whether the type is that of RFC 9068: `JWT` alone may be any token. */
function checkHeader(header: Members): boolean {
  // RFC 7515 §4.1.11: critical extensions must be understood, and none is.
  if ('crit' in header) throw malformed('its header has critical extensions (crit)')
  if ('b64' in header) throw malformed('its header changes the encoding (b64)')
  const type = header['typ']
  if (type === undefined) return false
  if (typeof type === 'string' && accessTokenTypes.has(type.toLowerCase()))
    return type.toLowerCase().endsWith('at+jwt')
  throw new CloakwrightError('CW_TOKEN_TYPE', 'Token: its header’s typ is not that of an access token', {
    hint: 'Send the access token, not an ID, refresh or logout token or a proof.',
  })
}

function notCompact(): CloakwrightError {
  return malformed(
    'not three base64url segments (a compact JWS)',
    'Send the access token exactly as the token endpoint returned it. Opaque tokens need the verifier’s option `introspection`.',
  )
}

function notCanonical(): CloakwrightError {
  return malformed('a segment is not canonical base64url')
}

function malformed(why: string, hint?: string): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_MALFORMED', `Token: ${why}`, {
    hint: hint ?? 'Send the access token exactly as the realm’s token endpoint returned it.',
  })
}
