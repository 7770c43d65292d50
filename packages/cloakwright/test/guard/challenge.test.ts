import { CloakwrightError, type ErrorCode, errorStatus } from 'cloakwright'
import { expect, test } from 'vitest'
import { toChallenge } from '../../src/guard/challenge.ts'

const inside = 'what only the log may know'
const codes = Object.keys(errorStatus) as ErrorCode[]

test.each(codes)('%s has a challenge only if other credentials help', (code) => {
  const challenge = toChallenge(new CloakwrightError(code, inside), { realm: 'shop' })
  const ofCredentials = ['CW_REQUEST_AMBIGUOUS', 'CW_SCOPE_INSUFFICIENT', 'CW_FORBIDDEN']
  const expected = errorStatus[code] === 401 || ofCredentials.includes(code)
  expect(challenge !== undefined).toBe(expected)
  expect(challenge ?? '').not.toContain(inside)
})
