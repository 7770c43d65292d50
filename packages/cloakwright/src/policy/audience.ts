import { CloakwrightError } from '../errors.ts'
import { shownList } from '../shown.ts'
import { allowed, checkNames } from './decision.ts'
import type { Policy } from './types.ts'

/**
 * Allows tokens with **every one** of the audiences (`aud`), for a route that accepts the tokens of one audience only. The
 * verifier's own check still applies: add each of them to its `audience`, of which a token needs one. Others get 401.
 *
 * @throws {CW_CONFIG_INVALID} No audience, or an empty one.
 * @throws {CW_CONFIG_INSECURE} `account`, which nearly every token of a realm has.
 */
export function audience(...audiences: readonly [string, ...string[]]): Policy {
  checkNames('audience', audiences)
  if (audiences.includes('account'))
    throw new CloakwrightError(
      'CW_CONFIG_INSECURE',
      'policy: `account` is in nearly every token of a realm',
      {
        hint: 'Use the audience of this service or route.',
      },
    )
  return {
    description: `audience ${audiences.join(' and ')}`,
    evaluate({ claims }) {
      const given = [claims['aud']].flat()
      const missing = audiences.filter((one) => !given.includes(one))
      if (missing.length === 0) return allowed
      const found = shownList(given.map(String), 'and')
      const reason = `missing audience: ${missing.join(', ')}; the token is for ${found}`
      return { allowed: false, code: 'CW_TOKEN_AUDIENCE', reason }
    },
  }
}
