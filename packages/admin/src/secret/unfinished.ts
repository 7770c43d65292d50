import { CloakwrightError } from 'cloakwright'

/** Runs a step after which a restart is impossible; its error reports the current state, never a secret. */
export async function step<T>(
  what: string,
  standing: string,
  hint: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    signal?.throwIfAborted()
    return await work()
  } catch (error) {
    const cause = error instanceof CloakwrightError ? error : undefined
    const why = cause?.message ?? (signal?.aborted === true ? 'it was aborted' : 'the reason is unknown')
    throw new CloakwrightError('CW_SECRET_UNFINISHED', `${what}: ${why}\n${standing}`, {
      hint: cause?.hint === undefined ? hint : `${cause.hint} ${hint}`,
      cause,
    })
  }
}
