import { CloakwrightError } from 'cloakwright'

/** The error of an attempt; `undefined` if it succeeds. Anything but a CloakwrightError is thrown. */
export async function refusalOf(attempt: () => unknown): Promise<CloakwrightError | undefined> {
  try {
    await attempt()
    return undefined
  } catch (error) {
    if (error instanceof CloakwrightError) return error
    throw error
  }
}

/** The code of a failed attempt, or `accepted`. */
export async function codeOf(attempt: () => unknown): Promise<string> {
  return (await refusalOf(attempt))?.code ?? 'accepted'
}
