import { setTimeout as delay } from 'node:timers/promises'
import { CloakwrightError } from '../errors.ts'
import type { Keyring } from '../sealing.ts'
import type { RemovedSession } from '../state/index.ts'
import type { SessionConfig } from './config.ts'
import type { LoginEvent, LogoutEvent, SessionOptions } from './options.ts'
import { openData } from './session-data.ts'

/** Calls the service's own functions at login and logout. */
export interface Hooks {
  /**
   * The data of the new session; `undefined` if there is none.
   *
   * @throws {CW_HOOK_FAILED} The function threw, or took longer than `timeout`. A `CloakwrightError` is passed on as it is.
   */
  login(event: LoginEvent): Promise<unknown>
  /** Tells the service that a session has ended; waits for {@link patience} at most, and never rejects. */
  logout(ended: RemovedSession, reason: LogoutEvent['reason']): Promise<void>
}

/** Milliseconds that a user who signs out waits at most for the service's own function and for the realm. */
export const patience = 2_000

export function createHooks(
  { onLogin, onLogout }: Pick<SessionOptions, 'onLogin' | 'onLogout'>,
  { timeout }: Pick<SessionConfig, 'timeout'>,
  keyring: Keyring,
  report: (error: CloakwrightError) => void,
): Hooks {
  return {
    async login(event) {
      if (onLogin === undefined) return event.data
      return (await inTime(timeout, () => onLogin(event))) ?? event.data
    },
    async logout(ended, reason) {
      if (onLogout === undefined) return
      const { sid, subject } = ended
      const told = openData(keyring, ended)
        .then((data) => onLogout({ subject, sid, data: data?.value, reason }))
        .catch((error: unknown) => report(failed('onLogout', 'threw an error', error)))
      await atMost(patience, told)
    },
  }
}

/** Waits for work for so many milliseconds at most; the work continues. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  const waited = delay(milliseconds, undefined, { signal: late.signal, ref: false }).catch(() => {})
  await Promise.race([work, waited]).finally(() => late.abort())
}

async function inTime(timeout: number, work: () => unknown): Promise<unknown> {
  const slow = Symbol('slow')
  const late = new AbortController()
  try {
    const waited = delay(timeout, slow, { signal: late.signal, ref: false })
    const result = await Promise.race([Promise.resolve().then(work), waited])
    if (result !== slow) return result
  } catch (error) {
    throw error instanceof CloakwrightError ? error : failed('onLogin', 'threw an error', error)
  } finally {
    late.abort()
  }
  throw failed('onLogin', `did not finish within ${timeout} ms`)
}

function failed(name: string, why: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_HOOK_FAILED', `${name} ${why}`, {
    cause,
    hint:
      name === 'onLogin'
        ? 'Correct the function. To refuse a user, throw new CloakwrightError("CW_FORBIDDEN", reason).'
        : 'Correct the function. The session has ended in any case.',
  })
}
