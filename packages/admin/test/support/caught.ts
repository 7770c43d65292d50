import { inspect } from 'node:util'
import { CloakwrightError } from 'cloakwright'

/** The error that a promise ends with. @throws when it succeeds, or fails with another kind of error. */
export async function caught(promise: Promise<unknown>): Promise<CloakwrightError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
  throw new Error('it succeeded')
}

/** Everything that a log could show of an error. */
export function everything(error: CloakwrightError): string {
  return `${inspect(error, { depth: 10, showHidden: true })} ${error.hint} ${JSON.stringify(error)}`
}
