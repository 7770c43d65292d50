import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { runSteps, type StepChange } from './steps.ts'

/** What was looked up after it was created, or was there. */
export interface Created<T> {
  /** Undefined in a dry run. */
  readonly object: T | undefined
  /** None if someone else was faster. */
  readonly changes: readonly Change[]
}

/** How often it is tried to create what is not there afterwards. */
const limit = 3

/**
 * Creates something whose name is unique. Where a failure leaves open whether it was created, it looks before it creates
 * again, so that there is never a double; the name that is taken by then was taken by this one, or by someone who was faster.
 */
export async function createOnce<T extends { readonly id?: string }>(
  admin: Admin,
  change: StepChange,
  find: () => Promise<T | undefined>,
  create: () => Promise<unknown>,
): Promise<Created<T>> {
  let object: T | undefined
  let isOwn = false
  const run = async (): Promise<void> => {
    ;({ object, isOwn } = await findOrCreate(find, create))
  }
  const made = () => (isOwn ? [{ ...change, id: object?.id ?? '' }] : [])
  const changes = await runSteps(admin, [{ changes: [change], run, made }])
  return { object, changes }
}

async function findOrCreate<T>(
  find: () => Promise<T | undefined>,
  create: () => Promise<unknown>,
): Promise<{ readonly object: T; readonly isOwn: boolean }> {
  let isOwn = false
  for (let attempt = 1; ; attempt += 1) {
    let failure: unknown
    try {
      await create()
      isOwn = true
    } catch (error) {
      if (!leavesOpen(error)) throw error
      isOwn ||= error.code === 'CW_ADMIN_UNAVAILABLE'
      failure = error
    }
    const object = await find()
    if (object !== undefined) return { object, isOwn }
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
  return new CloakwrightError(
    'CW_ADMIN_CHANGED',
    'The new object was deleted by someone else right after it was created',
    {
      hint: 'Run it again when no one else is changing the realm.',
    },
  )
}
