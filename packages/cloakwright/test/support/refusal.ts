import { CloakwrightError } from 'cloakwright'

/** The error that an attempt ends in; `undefined` when it ends well. Anything but a CloakwrightError goes through. */
export async function refusalOf(attempt: () => unknown): Promise<CloakwrightError | undefined> {
  try {
    await attempt()
    return undefined
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
}

/** The code that an attempt ends in, or `accepted`. */
export async function codeOf(attempt: () => unknown): Promise<string> {
  return (await refusalOf(attempt))?.code ?? 'accepted'
}
