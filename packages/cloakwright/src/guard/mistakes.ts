import { CloakwrightError } from '../errors.ts'
import { isPolicy, type Policy } from '../policy/index.ts'

/** A guard runs where nothing was registered: it lets nobody in. */
export function notRegistered({ description }: Policy, hint: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    `Route: the guard that needs ${description} runs where cloakwright is not registered`,
    { hint },
  )
}

/** A handler asks for the user of a route that has no guard. */
export function noGuard(hint: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    'Route: its handler asks for the user, and no guard has run',
    { hint },
  )
}

/** What makes guards was given to the framework in place of a guard, or called with what is no name. */
export function notCalled(name: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${name}: it was passed without being called`, {
    hint: `Write ${name}() with its parentheses; its arguments are strings.`,
  })
}

/**
 * Checks a policy where a route is made: one that is none would fail each request.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkPolicy(policy: unknown, where: string): Policy {
  if (isPolicy(policy)) return policy
  const called = typeof policy === 'function' ? ', but a function' : ''
  throw new CloakwrightError('CW_CONFIG_INVALID', `${where}: its argument is not a policy${called}`, {
    hint: "Give it the value of role('admin'), allOf(…) or another policy.",
  })
}
