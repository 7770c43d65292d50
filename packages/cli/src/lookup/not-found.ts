import { CloakwrightError } from 'cloakwright'

/** What a command was to work on, and is not there. */
export function notFound(message: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_ADMIN_NOT_FOUND', message, { hint })
}
