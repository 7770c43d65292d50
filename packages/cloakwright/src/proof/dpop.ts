import { createHash } from 'node:crypto'
import { defaultClockTolerance } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { type Algorithm, checkAlgorithms } from '../jws/index.ts'
import { checkUrl } from '../metadata/index.ts'
import { number } from '../numbers.ts'
import { requireFunctions } from '../options.ts'
import type { ReplayStore } from '../state/index.ts'
import { createUsedOnce } from '../used-once.ts'
import { createNonces, type NonceKeys } from './nonce.ts'
import { invalidProof, parseProof } from './proof-jwt.ts'
import { toTargetUri } from './target-uri.ts'

/** How DPoP proofs (RFC 9449) are checked. */
export interface DpopOptions {
  /**
   * The address that clients use, with the path prefix that a proxy removes, if it does: `https://api.example.com/shop`.
   * Proofs name it (`htu`); a `Host` or `X-Forwarded-*` field is never asked.
   */
  readonly publicUrl: string
  /** Where used proofs are remembered: in this process by default. Replicas must share one (`postgresReplayStore`). */
  readonly replay?: ReplayStore | undefined
  /**
   * When given, proofs need a nonce of this service (RFC 9449 §9), which rules out proofs made in advance: 32 random
   * bytes, the same on every replica. The first key makes nonces, all accept them; a nonce is good for 1 to 2 minutes.
   */
  readonly nonceKeys?: NonceKeys | undefined
  /** Seconds for which a proof is good after its `iat`, 1–3600; 60 by default. */
  readonly maxAge?: number | undefined
  /** Accepted signature algorithms; all ten asymmetric ones by default. */
  readonly algorithms?: readonly Algorithm[] | undefined
}

/** What a proof must fit. */
export interface ProvenRequest {
  /** Every `DPoP` field of the request. */
  readonly proofs: readonly string[]
  readonly method: string
  /** Path and query, as this service received them. */
  readonly target: string
  readonly accessToken: string
  /** Thumbprint of the key that the access token is bound to. */
  readonly jkt: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** What stands for the request: its proof is used once, however often it is checked. */
  readonly request?: object | undefined
}

/** Checks DPoP proofs. */
export interface Dpop {
  /** For the parameter `algs` of the challenge (RFC 9449 §7.1). */
  readonly algorithms: readonly Algorithm[]
  /**
   * Checks the request's proof, and uses it up.
   *
   * @throws {CW_PROOF_INVALID} Missing, malformed, or of another request, token or key.
   * @throws {CW_PROOF_NONCE} Without a current nonce; the error's `challenge.dpopNonce` has it.
   * @throws {CW_PROOF_REPLAYED}
   * @throws {CW_STATE_UNAVAILABLE} The replay store can't be asked.
   */
  check(request: ProvenRequest): Promise<void>
  /** The current nonce, for the `DPoP-Nonce` field of any answer; `undefined` when proofs need none. */
  nonce(now: number): Promise<string | undefined>
}

/** Characters of a `jti`: it has to be unique, not to carry anything. */
const maxJtiLength = 256

/**
 * Makes what checks DPoP proofs (RFC 9449 §4.3).
 *
 * @param clockTolerance Seconds by which clocks may differ.
 * @throws {CW_CONFIG_MISSING} No publicUrl, no nonce key.
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} A symmetric algorithm.
 */
export function createDpop(options: DpopOptions, clockTolerance: number = defaultClockTolerance): Dpop {
  refuseOwnTolerance(options)
  const publicUrl = checkPublicUrl(options.publicUrl)
  const allowed = checkAlgorithms(options.algorithms)
  const maxAge = number('maxAge', options.maxAge, 60, 1, 3600)
  const replay = options.replay ?? createUsedOnce()
  requireFunctions('replay', replay, ['useOnce'], 'Give one of cloakwright/state: postgresReplayStore(sql)')
  const nonces =
    options.nonceKeys === undefined ? undefined : createNonces(options.nonceKeys, clockTolerance * 1000)

  const checkNonce = async (nonce: unknown, now: number): Promise<void> => {
    if (nonces === undefined) return
    if (typeof nonce === 'string' && (await nonces.accepts(nonce, now))) return
    throw new CloakwrightError('CW_PROOF_NONCE', 'DPoP proof: without the nonce that this service asks for', {
      hint: 'Send the request again with a new proof that has the nonce of the field DPoP-Nonce.',
      challenge: { dpopNonce: await nonces.current(now) },
    })
  }

  return {
    algorithms: [...allowed] as Algorithm[],
    async check({ proofs, method, target, accessToken, jkt, now, request }) {
      const [first, second] = proofs
      if (first === undefined)
        throw invalidProof('missing', 'The token is bound to a key: send a proof by it in the field DPoP.')
      if (second !== undefined) throw invalidProof('more than one DPoP field')
      const proof = parseProof(first, allowed)
      if (proof.thumbprint !== jkt)
        throw invalidProof(
          'by another key than the one that the token is bound to (cnf.jkt)',
          'Sign the proof with the key that the token was asked for with.',
        )
      const { htm, htu, iat, ath, jti, nonce } = proof.claims
      if (htm !== method) throw invalidProof('for another method (htm)')
      checkTarget(htu, publicUrl, target)
      checkAge(iat, now / 1000, maxAge, clockTolerance)
      if (ath !== sha256(accessToken)) throw invalidProof('for another access token, or for none (ath)')
      if (typeof jti !== 'string' || jti === '' || jti.length > maxJtiLength)
        throw invalidProof(`its jti is not a text of at most ${maxJtiLength} characters`)
      if (!proof.isSigned()) throw invalidProof('the signature does not fit')
      await checkNonce(nonce, now)
      // Last, so that nothing is remembered of those who lack the key. One second more than the proof is good for.
      const until = (iat + maxAge + clockTolerance + 1) * 1000
      const key = `dpop:${sha256(`${jkt}.${jti}`)}`
      if (!(await useUp(replay, request, key, () => replay.useOnce(key, until, now))))
        throw new CloakwrightError('CW_PROOF_REPLAYED', 'DPoP proof: it was used before (jti)', {
          hint: 'Make a new proof for each request, also when one is sent again.',
        })
    },
    nonce: async (now) => nonces?.current(now),
  }
}

/** The proof that each request has used, by the store that remembers it. */
const used = new WeakMap<ReplayStore, WeakMap<object, Use>>()

interface Use {
  readonly key: string
  readonly isFirst: Promise<boolean>
}

/** One use for one request, also where verifiers with one store between them check it. */
function useUp(
  replay: ReplayStore,
  request: object | undefined,
  key: string,
  useOnce: () => Promise<boolean>,
): Promise<boolean> {
  if (request === undefined) return useOnce()
  const uses = used.get(replay) ?? new WeakMap<object, Use>()
  const earlier = uses.get(request)
  if (earlier?.key === key) return earlier.isFirst
  const isFirst = useOnce()
  used.set(replay, uses.set(request, { key, isFirst }))
  return isFirst
}

function checkTarget(htu: unknown, publicUrl: string, target: string): void {
  const named = typeof htu === 'string' ? toTargetUri(htu) : undefined
  const expected = target.startsWith('/') ? toTargetUri(publicUrl + target) : undefined
  if (named === undefined || named !== expected)
    throw invalidProof(
      'for another address (htu)',
      `Compare it with ${publicUrl} (publicUrl) and the request’s path, as clients see them.`,
    )
}

function checkAge(iat: unknown, now: number, maxAge: number, tolerance: number): asserts iat is number {
  const hint = 'Make a new proof for each request, and compare the client’s clock with this machine’s.'
  if (typeof iat !== 'number' || !Number.isFinite(iat))
    throw invalidProof('its iat is missing or no number', hint)
  if (iat > now + tolerance) throw invalidProof('made in the future (iat)', hint)
  if (iat < now - maxAge - tolerance) throw invalidProof('too old (iat)', hint)
}

/** One tolerance holds for tokens and their proofs: an own one would be without effect. */
function refuseOwnTolerance(options: DpopOptions): void {
  if ((options as { clockTolerance?: unknown }).clockTolerance === undefined) return
  throw new CloakwrightError('CW_CONFIG_INVALID', 'dpop.clockTolerance: not an option of dpop', {
    hint: 'Set clockTolerance of the verifier: it holds for tokens and for proofs.',
  })
}

function checkPublicUrl(publicUrl: unknown): string {
  const hint = 'Give the address that clients use: https://api.example.com'
  if (publicUrl === undefined || publicUrl === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'publicUrl: is missing', { hint })
  const { origin, pathname } = checkUrl('publicUrl', publicUrl)
  return pathname === '/' ? origin : origin + pathname
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
