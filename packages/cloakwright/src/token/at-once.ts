import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import type { Presentation } from '../proof/index.ts'
import type { AccessToken } from './access-token.ts'
import { isFake } from './fake.ts'
import type { Verifier } from './types.ts'

/** Verifies a token synchronously, by returning the token or throwing, unless something has to be fetched. */
export type VerifyAtOnce = (token: string, presented?: Presentation) => AccessToken | Promise<AccessToken>

/** Checks the claims of a token that was verified before, maybe by another verifier, as if it arrived now. */
export type Recheck = (claims: Claims) => Promise<AccessToken>

/** Verifies the access token of a browser session, which started at this time: seconds since the epoch. */
export type VerifySession = (token: string, startedAt: number) => AccessToken | Promise<AccessToken>

/** The internals of a verifier. They are not a member of it, because a wrapper that copies members would be bypassed. */
const behind = new WeakMap<Verifier, Behind>()

interface Behind {
  readonly verify: Verifier['verify']
  readonly atOnce: VerifyAtOnce
  readonly ofSession: VerifySession
  readonly recheck: Recheck
}

/** Creates the verifier that applications see, whose `verify` always returns a promise. */
export function toVerifier(
  atOnce: VerifyAtOnce,
  ofSession: VerifySession,
  recheck: Recheck,
  members: Omit<Verifier, 'verify'>,
): Verifier {
  const verify: Verifier['verify'] = async (token, presented) => atOnce(token, presented)
  // Not a copy: the list of issuers is read each time.
  const verifier: Verifier = Object.assign(members, { verify })
  behind.set(verifier, { verify, atOnce, ofSession, recheck })
  return verifier
}

/**
 * How guards call a verifier: a request with a known token creates no promise. If the application has replaced
 * `verify`, its function is called.
 */
export function verifyAtOnceBy(verifier: Verifier): VerifyAtOnce {
  const own = behind.get(verifier)
  return (token, presented) =>
    own !== undefined && verifier.verify === own.verify
      ? own.atOnce(token, presented)
      : verifyByOther(verifier, token, presented)
}

/**
 * How guards verify the access token of a browser session. It came from the realm and never left the server, so its
 * length does not matter. Revocations by session and by user count from the start of the session.
 */
export function verifySessionBy(verifier: Verifier): VerifySession {
  const own = behind.get(verifier)
  return (token, startedAt) =>
    own !== undefined && verifier.verify === own.verify
      ? own.ofSession(token, startedAt)
      : verifyByOther(verifier, token, undefined)
}

/**
 * Checks the claims of a token from a ticket against this verifier's options: issuer, audience, client, times and
 * revocations. Its signature was checked when the ticket was created.
 *
 * @throws {CW_CONFIG_INVALID} The verifier is a copy, so its options are unknown.
 */
export async function recheckBy(verifier: Verifier, token: AccessToken): Promise<AccessToken> {
  const own = behind.get(verifier)
  if (own !== undefined) return await own.recheck(token.claims)
  throw new CloakwrightError('CW_CONFIG_INVALID', 'verifier: a copy of a verifier cannot check tickets', {
    hint: 'Pass the guard the verifier that createVerifier() returned.',
  })
}

async function verifyByOther(
  verifier: Verifier,
  text: string,
  presented: Presentation | undefined,
): Promise<AccessToken> {
  const token = await verifier.verify(text, presented)
  if (!isFake(token)) return token
  throw new CloakwrightError('CW_CONFIG_INVALID', 'verifier: it returned a token of fakeAccessToken()', {
    hint: 'Pass guards a verifier of createVerifier(), and test them with tokens of the embedded realm.',
  })
}
