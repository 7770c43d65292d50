import { CloakwrightError } from '../errors.ts'

/** A guard runs where nothing was registered: it lets nobody in. */
export function notRegistered(hint: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    'Route: a guard runs where cloakwright is not registered',
    {
      hint,
    },
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
