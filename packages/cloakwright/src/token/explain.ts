import { CloakwrightError, type ErrorCode } from '../errors.ts'
import type { Presentation } from '../proof/index.ts'
import type { AccessToken } from './access-token.ts'
import type { Verifier } from './types.ts'

/** The verifier's checks, in its order. */
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

/** One check, and how it went; `open` where the verifier had no need to come to it, or does not say. */
export interface TokenStep {
  readonly check: TokenCheck
  readonly state: 'passed' | 'failed' | 'open'
}

/** How far a verifier got with a token. Has nothing of the token but, once it is verified, the token itself. */
export interface TokenExplanation {
  readonly steps: readonly TokenStep[]
  /** The token, where it is accepted. */
  readonly token?: AccessToken | undefined
  /** What the verifier says, where it is not. */
  readonly error?: CloakwrightError | undefined
}

/**
 * Explains a verifier's answer check by check. It asks the verifier itself, and tells from its answer how far it got.
 *
 * @param presented How the token came, for one that is bound to a key.
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
  // Of an opaque token the realm itself says what it is.
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

/** Of a token of another kind whose algorithm was refused, the text is about its kind: the cause has the check. */
function endOf({ code, cause }: CloakwrightError): End | undefined {
  const first = cause instanceof CloakwrightError && cause.code === 'CW_TOKEN_ALGORITHM'
  return code === 'CW_TOKEN_TYPE' && first ? { check: 'algorithm', after: 'form' } : ends[code]
}

interface End {
  /** The check that failed, if it is one of these. */
  readonly check?: TokenCheck
  /** The last check that has passed for certain: a code may come from several places. */
  readonly after?: TokenCheck
}

const ends: Partial<Record<ErrorCode, End>> = {
  CW_TOKEN_MALFORMED: { check: 'form' },
  CW_TOKEN_ALGORITHM: { check: 'algorithm', after: 'form' },
  CW_TOKEN_KEY_UNKNOWN: { check: 'key', after: 'algorithm' },
  CW_KEYS_UNAVAILABLE: { check: 'key', after: 'algorithm' },
  CW_TOKEN_SIGNATURE: { check: 'signature', after: 'key' },
  // Said of the header before the key is looked for, of the payload after.
  CW_TOKEN_TYPE: { check: 'type', after: 'algorithm' },
  // A verifier of several realms looks at it first, to know whose key it needs.
  CW_TOKEN_ISSUER: { check: 'issuer', after: 'algorithm' },
  CW_TOKEN_EXPIRED: { check: 'times', after: 'issuer' },
  CW_TOKEN_NOT_YET_VALID: { check: 'times', after: 'issuer' },
  CW_TOKEN_AUDIENCE: { check: 'audience', after: 'times' },
  CW_TOKEN_AZP: { check: 'authorized party', after: 'audience' },
  // Of `exp`, `iat` or `aud` as well as of `sub`, which comes last.
  CW_TOKEN_CLAIM: { check: 'claims', after: 'issuer' },
  CW_TOKEN_REVOKED: { after: 'claims' },
  CW_TOKEN_BOUND: { check: 'binding', after: 'claims' },
  CW_PROOF_REQUIRED: { check: 'binding', after: 'claims' },
  CW_PROOF_INVALID: { check: 'binding', after: 'claims' },
  CW_PROOF_REPLAYED: { check: 'binding', after: 'claims' },
  CW_PROOF_NONCE: { check: 'binding', after: 'claims' },
  CW_PROOF_CERTIFICATE: { check: 'binding', after: 'claims' },
}
