import type { SessionContext } from '../context.ts'
import type { SessionRequest } from '../types.ts'

/** Seconds: logins in a row that are further apart are not a loop. */
const window = 30

/**
 * Logins that succeed and lead nowhere would redirect the browser forever: replicas that do not share a store, a clock that
 * is wrong, a session that was revoked in the second of its login. So the browser counts its latest logins.
 */
export function latestLogins({ config, cookies }: SessionContext, request: SessionRequest): number {
  const [count = 0, at = 0] = (cookies.readLogins(request) ?? '').split('.').map(Number)
  const age = config.now() / 1000 - at
  return age >= -window && age <= window && Number.isInteger(count) ? count : 0
}

/** The cookie that counts one more login. */
export function countLogin(context: SessionContext, request: SessionRequest): string {
  const count = Math.min(latestLogins(context, request) + 1, 9)
  return context.cookies.writeLogins(`${count}.${Math.floor(context.config.now() / 1000)}`, window)
}
