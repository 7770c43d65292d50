import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import type { Presentation } from '../proof/index.ts'
import type { AccessToken } from './access-token.ts'
import { isFake } from './fake.ts'
import type { Verifier } from './types.ts'

/** Verifies a token and answers at once, by the token or by throwing, unless something has to be fetched. */
export type VerifyAtOnce = (token: string, presented?: Presentation) => AccessToken | Promise<AccessToken>

/** Checks the claims of a token that was verified before, maybe by another verifier, as if they came now. */
export type Recheck = (claims: Claims) => Promise<AccessToken>

/** What is behind a verifier: not a member of it, since a wrapper that copies members would be passed by. */
const behind = new WeakMap<Verifier, Behind>()

interface Behind {
  readonly verify: Verifier['verify']
  readonly atOnce: VerifyAtOnce
  readonly recheck: Recheck
}

/** Makes the verifier that applications see, whose `verify` always returns a promise. */
export function toVerifier(
  atOnce: VerifyAtOnce,
  recheck: Recheck,
  members: Omit<Verifier, 'verify'>,
): Verifier {
  const verify: Verifier['verify'] = async (token, presented) => atOnce(token, presented)
  // Not a copy: the list of issuers is read anew each time.
  const verifier: Verifier = Object.assign(members, { verify })
  behind.set(verifier, { verify, atOnce, recheck })
  return verifier
}

/**
 * How guards ask a verifier: the way of a request with a known token has no promise. Where an application has put its own
 * `verify` in place, that one is asked.
 */
export function verifyAtOnceBy(verifier: Verifier): VerifyAtOnce {
  const own = behind.get(verifier)
  return (token, presented) =>
    own !== undefined && verifier.verify === own.verify
      ? own.atOnce(token, presented)
      : verifyByOther(verifier, token, presented)
}

/**
 * Checks the claims of a token that a ticket brought, by what this verifier expects: issuer, audience, client, times and
 * revocations. Its signature was checked when the ticket was made.
 *
 * @throws {CW_CONFIG_INVALID} The verifier is a copy: what it expects is not known.
 */
export async function recheckBy(verifier: Verifier, token: AccessToken): Promise<AccessToken> {
  const own = behind.get(verifier)
  if (own !== undefined) return await own.recheck(token.claims)
  throw new CloakwrightError('CW_CONFIG_INVALID', 'verifier: tickets can’t be checked by a copy of one', {
    hint: 'Give the guard the verifier of createVerifier() itself.',
  })
}

async function verifyByOther(
  verifier: Verifier,
  text: string,
  presented: Presentation | undefined,
): Promise<AccessToken> {
  const token = await verifier.verify(text, presented)
  if (!isFake(token)) return token
  throw new CloakwrightError('CW_CONFIG_INVALID', 'verifier: it gives a token of fakeAccessToken()', {
    hint: 'Give guards a verifier of createVerifier(); test them with tokens of the embedded realm.',
  })
}
