import { CloakwrightError } from '../errors.ts'
import { isPolicy, type Policy } from '../policy/index.ts'
import type { RuleOptions } from './rule.ts'

/** A guard runs where the adapter is not registered: it refuses every request. */
export function notRegistered({ description }: Policy, hint: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    `Route: cloakwright is not registered, but a guard needs ${description}`,
    { hint },
  )
}

/** A handler reads the user of a route that has no guard. */
export function noGuard(hint: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    'Route: its handler reads the user, but no guard has run',
    { hint },
  )
}

/** The function that creates a guard was passed to the framework instead of a guard, or called with an invalid name. */
export function notCalled(name: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${name}: passed without being called`, {
    hint: `Call it: ${name}(). Its arguments are strings.`,
  })
}

/**
 * Checks a policy when a route is created: an invalid one would fail each request.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkPolicy(policy: unknown, where: string): Policy {
  if (isPolicy(policy)) return policy
  const called = typeof policy === 'function' ? ', but a function' : ''
  throw new CloakwrightError('CW_CONFIG_INVALID', `${where}: its argument is not a policy${called}`, {
    hint: "Pass it the result of role('admin'), allOf(…) or another policy.",
  })
}

/**
 * Checks the options of a guard when a route is created. A framework that got `requirePolicy` itself calls it with a
 * request and more.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export function checkRuleOptions({ freshAfter }: RuleOptions, where: string): RuleOptions {
  if (freshAfter === undefined) return {}
  if (typeof freshAfter === 'number' && freshAfter >= 0) return { freshAfter }
  throw new CloakwrightError('CW_CONFIG_INVALID', `${where}: freshAfter is not a number of seconds`, {
    hint: 'Set it to 0 or more: { freshAfter: 30 }.',
  })
}

/** A session is used where none is configured. */
export function noSessions(): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_MISSING', 'refreshSession: the route has no sessions', {
    hint: 'Register cloakwright({ verifier, sessions }) before it.',
  })
}
