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

/** Options for checking DPoP proofs (RFC 9449). */
export interface DpopOptions {
  /**
   * The URL that clients use, including a path prefix that a proxy removes: `https://api.example.com/shop`.
   * Proofs contain it (`htu`); `Host` and `X-Forwarded-*` headers are never used.
   */
  readonly publicUrl: string
  /** Stores used proofs: in this process by default. Replicas must share one (`postgresReplayStore`). */
  readonly replay?: ReplayStore | undefined
  /**
   * If set, proofs need a nonce of this service (RFC 9449 §9), which rules out proofs made in advance. Each key is 32
   * random bytes, the same on every replica. The first key creates nonces, all keys accept them; a nonce is valid for 1
   * to 2 minutes.
   */
  readonly nonceKeys?: NonceKeys | undefined
  /** Seconds for which a proof is valid after its `iat`, 1–3600; 60 by default. */
  readonly maxAge?: number | undefined
  /** Accepted signature algorithms; all ten asymmetric ones by default. */
  readonly algorithms?: readonly Algorithm[] | undefined
}

/** The request that a proof must match. */
export interface ProvenRequest {
  /** Every `DPoP` header of the request. */
  readonly proofs: readonly string[]
  readonly method: string
  /** Path and query, as received by this service. */
  readonly target: string
  readonly accessToken: string
  /** Thumbprint of the key that the access token is bound to. */
  readonly jkt: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** An object that represents the request: its proof is used once, even if it is checked several times. */
  readonly request?: object | undefined
}

/** Checks DPoP proofs. */
export interface Dpop {
  /** For the parameter `algs` of the challenge (RFC 9449 §7.1). */
  readonly algorithms: readonly Algorithm[]
  /**
   * Checks the request's proof and uses it up.
   *
   * @throws {CW_PROOF_INVALID} Missing, malformed, or for another request, token or key.
   * @throws {CW_PROOF_NONCE} It has no current nonce; the error's `challenge.dpopNonce` has it.
   * @throws {CW_PROOF_REPLAYED}
   * @throws {CW_STATE_UNAVAILABLE} The replay store cannot be reached.
   */
  check(request: ProvenRequest): Promise<void>
  /** The current nonce, for the `DPoP-Nonce` header of any response; `undefined` if proofs need none. */
  nonce(now: number): Promise<string | undefined>
}

/** Maximum length of a `jti` in characters: it must be unique, nothing else. */
const maxJtiLength = 256

/**
 * Creates the checker of DPoP proofs (RFC 9449 §4.3).
 *
 * @param clockTolerance Seconds that clocks may differ by.
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
  requireFunctions(
    'replay',
    replay,
    ['useOnce'],
    'Pass a store of cloakwright/state: postgresReplayStore(sql)',
  )
  const nonces =
    options.nonceKeys === undefined ? undefined : createNonces(options.nonceKeys, clockTolerance * 1000)

  const checkNonce = async (nonce: unknown, now: number): Promise<void> => {
    if (nonces === undefined) return
    if (typeof nonce === 'string' && (await nonces.accepts(nonce, now))) return
    throw new CloakwrightError(
      'CW_PROOF_NONCE',
      'DPoP proof: the nonce that this service requires is missing or old',
      {
        hint: 'Send the request again with a new proof that contains the nonce of the header DPoP-Nonce.',
        challenge: { dpopNonce: await nonces.current(now) },
      },
    )
  }

  return {
    algorithms: [...allowed] as Algorithm[],
    async check({ proofs, method, target, accessToken, jkt, now, request }) {
      const [first, second] = proofs
      if (first === undefined)
        throw invalidProof('missing', 'Send a proof in the header DPoP: the token is bound to a key.')
      if (second !== undefined) throw invalidProof('more than one DPoP header')
      const proof = parseProof(first, allowed)
      if (proof.thumbprint !== jkt)
        throw invalidProof(
          'signed by another key than the one that the token is bound to (cnf.jkt)',
          'Sign the proof with the key that was used to request the token.',
        )
      const { htm, htu, iat, ath, jti, nonce } = proof.claims
      if (htm !== method) throw invalidProof('for another method (htm)')
      checkTarget(htu, publicUrl, target)
      checkAge(iat, now / 1000, maxAge, clockTolerance)
      if (ath !== sha256(accessToken)) throw invalidProof('for another access token, or for none (ath)')
      if (typeof jti !== 'string' || jti === '' || jti.length > maxJtiLength)
        throw invalidProof(`its jti is not a string of at most ${maxJtiLength} characters`)
      if (!proof.isSigned()) throw invalidProof('the signature is invalid')
      await checkNonce(nonce, now)
      // Last, so that clients without the key cannot fill the store. One second longer than the proof is valid.
      const until = (iat + maxAge + clockTolerance + 1) * 1000
      const key = `dpop:${sha256(`${jkt}.${jti}`)}`
      if (!(await useUp(replay, request, key, () => replay.useOnce(key, until, now))))
        throw new CloakwrightError('CW_PROOF_REPLAYED', 'DPoP proof: it was used before (jti)', {
          hint: 'Create a new proof for each request, also for a retry.',
        })
    },
    nonce: async (now) => nonces?.current(now),
  }
}

/** The proof that each request has used, by replay store. */
const used = new WeakMap<ReplayStore, WeakMap<object, Use>>()

interface Use {
  readonly key: string
  readonly isFirst: Promise<boolean>
}

/** Uses a proof once per request, even if several verifiers with the same store check it. */
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
      'for another URL (htu)',
      `Compare it with ${publicUrl} (publicUrl) and the request’s path, as clients see them.`,
    )
}

function checkAge(iat: unknown, now: number, maxAge: number, tolerance: number): asserts iat is number {
  const hint = 'Create a new proof for each request, and compare the clocks of the client and this machine.'
  if (typeof iat !== 'number' || !Number.isFinite(iat))
    throw invalidProof('its iat is missing or not a number', hint)
  if (iat > now + tolerance) throw invalidProof('its iat is in the future', hint)
  if (iat < now - maxAge - tolerance) throw invalidProof('too old (iat)', hint)
}

/** Tokens and their proofs share one tolerance: a separate one would have no effect. */
function refuseOwnTolerance(options: DpopOptions): void {
  if ((options as { clockTolerance?: unknown }).clockTolerance === undefined) return
  throw new CloakwrightError('CW_CONFIG_INVALID', 'dpop.clockTolerance: not an option of dpop', {
    hint: 'Set clockTolerance of the verifier: it applies to tokens and proofs.',
  })
}

function checkPublicUrl(publicUrl: unknown): string {
  const hint = 'Set it to the URL that clients use: https://api.example.com'
  if (publicUrl === undefined || publicUrl === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'publicUrl is missing', { hint })
  const { origin, pathname } = checkUrl('publicUrl', publicUrl)
  return pathname === '/' ? origin : origin + pathname
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
