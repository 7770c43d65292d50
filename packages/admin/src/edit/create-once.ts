import { CloakwrightError } from 'cloakwright'

/** What was looked up after it was created, or was there. */
export interface Created<T> {
  readonly it: T
  readonly created: boolean
}

/** How often it is tried to create what is not there afterwards. */
const limit = 3

/**
 * Creates something whose name is unique. Where a failure leaves open whether it was created, it looks before it creates
 * again, so that there is never a double; the name that is taken by then was taken by this one, or by somebody who was faster.
 */
export async function createOnce<T>(
  find: () => Promise<T | undefined>,
  create: () => Promise<unknown>,
): Promise<Created<T>> {
  let unsure = false
  for (let attempt = 1; ; attempt += 1) {
    let failure: unknown
    try {
      await create()
      unsure = true
    } catch (error) {
      if (!leavesOpen(error)) throw error
      unsure ||= error.code === 'CW_ADMIN_UNAVAILABLE'
      failure = error
    }
    const it = await find()
    if (it !== undefined) return { it, created: unsure }
    const isTakenByAnother = failure instanceof CloakwrightError && failure.code === 'CW_ADMIN_CONFLICT'
    if (isTakenByAnother || attempt === limit) throw failure ?? vanished()
  }
}

function leavesOpen(error: unknown): error is CloakwrightError {
  return (
    error instanceof CloakwrightError &&
    (error.code === 'CW_ADMIN_UNAVAILABLE' || error.code === 'CW_ADMIN_CONFLICT')
  )
}

function vanished(): CloakwrightError {
  return new CloakwrightError('CW_ADMIN_CHANGED', 'What was created is gone: somebody else deleted it', {
    hint: 'Run it again when nobody else works on it.',
  })
}
