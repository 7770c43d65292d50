import { defaultClockTolerance } from '../clock.ts'
import type { ChallengeParameters } from '../errors.ts'
import { CloakwrightError } from '../errors.ts'
import { allowed, checkNames } from './decision.ts'
import type { Policy, Refused } from './types.ts'

/**
 * Allows tokens of a login with **one** of the authentication context classes (claim `acr`), compared exactly. A
 * realm's levels have no order here, so name each one that is sufficient. Others get 401 and a challenge to sign in
 * again with one of them (RFC 9470). Keycloak does not enforce the level that a client requests by default: this policy
 * does.
 *
 * @throws {CW_CONFIG_INVALID} No value, or one that is empty or has a space.
 */
export function acr(...values: readonly [string, ...string[]]): Policy {
  checkNames('acr', values)
  // RFC 9470 §3: acr_values is separated by spaces.
  if (values.some((value) => /\s/.test(value)))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'policy: an acr contains a space', {
      hint: 'Pass each class as a separate value.',
    })
  const challenge = { acrValues: values.join(' ') }
  return {
    description: `acr ${values.join(' or ')}`,
    evaluate(token) {
      const given = token.claims['acr']
      if (typeof given !== 'string') return stepUp('the token has no acr', challenge, 'undetermined')
      return values.includes(given) ? allowed : stepUp(`acr is not ${values.join(' or ')}`, challenge)
    },
  }
}

/**
 * Allows tokens of a login (claim `auth_time`) that is at most this many seconds old. Others get 401 and a challenge to
 * sign in again (RFC 9470); so does a token without the claim, which the client scope `basic` maps and no password
 * grant has.
 *
 * @throws {CW_CONFIG_INVALID} Not a number of seconds from 0 to a year.
 */
export function maxAge(seconds: number): Policy {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= year))
    throw new CloakwrightError('CW_CONFIG_INVALID', `policy: maxAge is not a number from 0 to ${year}`, {
      hint: 'Set it in seconds: maxAge(300)',
    })
  const challenge = { maxAge: seconds }
  return {
    description: `a login at most ${seconds} s ago`,
    evaluate(token, { now, clockTolerance = defaultClockTolerance }) {
      const time = token.claims['auth_time']
      if (typeof time !== 'number') return stepUp('the token has no auth_time', challenge, 'undetermined')
      // A clock may be slightly off. A time in milliseconds, or of next year, would make a login recent forever.
      if (!(time - now <= clockTolerance))
        return stepUp('auth_time is in the future', challenge, 'undetermined')
      return now - time <= seconds ? allowed : stepUp(`the login is more than ${seconds} s ago`, challenge)
    },
  }
}

const year = 31_536_000

function stepUp(reason: string, challenge: ChallengeParameters, kind?: 'undetermined'): Refused {
  const refused: Refused = { allowed: false, code: 'CW_STEP_UP_REQUIRED', reason, challenge }
  return kind === undefined ? refused : { ...refused, undetermined: true }
}
