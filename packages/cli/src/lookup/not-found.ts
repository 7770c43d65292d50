import { CloakwrightError } from 'cloakwright'

/** The error for an object that does not exist. */
export function notFound(message: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_ADMIN_NOT_FOUND', message, { hint })
}
