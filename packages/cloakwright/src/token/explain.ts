import { CloakwrightError, type ErrorCode } from '../errors.ts'
import type { Presentation } from '../proof/index.ts'
import type { AccessToken } from './access-token.ts'
import type { Verifier } from './types.ts'

/** The verifier's checks, in order. */
export type TokenCheck =
  | 'form'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'type'
  | 'issuer'
  | 'times'
  | 'audience'
  | 'authorized party'
  | 'claims'
  | 'binding'

/** One check and its result; `open` if the verifier did not reach it, or does not report it. */
export interface TokenStep {
  readonly check: TokenCheck
  readonly state: 'passed' | 'failed' | 'open'
}

/** How far a verifier got with a token. Contains nothing of the token, except the token itself once it is verified. */
export interface TokenExplanation {
  readonly steps: readonly TokenStep[]
  /** The token, if it is accepted. */
  readonly token?: AccessToken | undefined
  /** The verifier's error, if it is not. */
  readonly error?: CloakwrightError | undefined
}

/**
 * Explains a verifier's result check by check. It calls the verifier itself and derives from the result how far it got.
 *
 * @param presented How the token was sent, for one that is bound to a key.
 * @example
 * ```ts
 * import { createVerifier, explainToken } from 'cloakwright'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 *
 * export async function whyRefused(tokenText: string): Promise<string> {
 *   const { error } = await explainToken(verifier, tokenText)
 *   return error === undefined ? 'It is accepted.' : `${error.message}. ${error.hint}`
 * }
 * ```
 */
export async function explainToken(
  verifier: Pick<Verifier, 'verify'>,
  tokenText: string,
  presented?: Presentation,
): Promise<TokenExplanation> {
  // For an opaque token, the realm itself reports the type.
  const first = tokenText.split('.').length === 3 ? 0 : checks.indexOf('type')
  const steps = (end: End | undefined): readonly TokenStep[] => {
    const passed = end?.after === undefined ? 0 : checks.indexOf(end.after) + 1
    return checks.map((check, at) => {
      if (check === end?.check) return { check, state: 'failed' }
      return { check, state: at >= first && at < passed ? 'passed' : 'open' }
    })
  }
  try {
    return { token: await verifier.verify(tokenText, presented), steps: steps({ after: 'binding' }) }
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    return { error, steps: steps(endOf(error)) }
  }
}

const checks: readonly TokenCheck[] = [
  'form',
  'algorithm',
  'key',
  'signature',
  'type',
  'issuer',
  'times',
  'audience',
  'authorized party',
  'claims',
  'binding',
]

/** For a token of another kind whose algorithm was refused, the message is about its kind: the cause has the check. */
function endOf({ code, cause }: CloakwrightError): End | undefined {
  const first = cause instanceof CloakwrightError && cause.code === 'CW_TOKEN_ALGORITHM'
  return code === 'CW_TOKEN_TYPE' && first ? { check: 'algorithm', after: 'form' } : ends[code]
}

interface End {
  /** The failed check, if it is one of these. */
  readonly check?: TokenCheck
  /** The last check that has passed for certain: several places use the same code. */
  readonly after?: TokenCheck
}

const ends: Partial<Record<ErrorCode, End>> = {
  CW_TOKEN_MALFORMED: { check: 'form' },
  CW_TOKEN_ALGORITHM: { check: 'algorithm', after: 'form' },
  CW_TOKEN_KEY_UNKNOWN: { check: 'key', after: 'algorithm' },
  CW_KEYS_UNAVAILABLE: { check: 'key', after: 'algorithm' },
  CW_TOKEN_SIGNATURE: { check: 'signature', after: 'key' },
  // Thrown for the header before the key is looked up, for the payload after.
  CW_TOKEN_TYPE: { check: 'type', after: 'algorithm' },
  // A verifier of several realms reads it first, to find the realm's keys.
  CW_TOKEN_ISSUER: { check: 'issuer', after: 'algorithm' },
  CW_TOKEN_EXPIRED: { check: 'times', after: 'issuer' },
  CW_TOKEN_NOT_YET_VALID: { check: 'times', after: 'issuer' },
  CW_TOKEN_AUDIENCE: { check: 'audience', after: 'times' },
  CW_TOKEN_AZP: { check: 'authorized party', after: 'audience' },
  // For `exp`, `iat` or `aud` as well as for `sub`, which is checked last.
  CW_TOKEN_CLAIM: { check: 'claims', after: 'issuer' },
  CW_TOKEN_REVOKED: { after: 'claims' },
  CW_TOKEN_BOUND: { check: 'binding', after: 'claims' },
  CW_PROOF_REQUIRED: { check: 'binding', after: 'claims' },
  CW_PROOF_INVALID: { check: 'binding', after: 'claims' },
  CW_PROOF_REPLAYED: { check: 'binding', after: 'claims' },
  CW_PROOF_NONCE: { check: 'binding', after: 'claims' },
  CW_PROOF_CERTIFICATE: { check: 'binding', after: 'claims' },
}
