import { byAuthor, type Reason } from '../changes/index.ts'
import type { Admin } from './admin.ts'

/**
 * The same administrator on someone's behalf: what it changes is recorded with this reason. For a server that acts for
 * many, one for each request; it shares the connection and the token. What an inner reason leaves open, the outer says.
 *
 * @example
 * ```ts
 * import { type Admin, withReason } from '@cloakwright/admin'
 *
 * export function forRequest(admin: Admin, user: string, requestId: string): Admin {
 *   return withReason(admin, { who: user, why: 'asked for by the help desk', requestId })
 * }
 * ```
 */
export function withReason(admin: Admin, reason: Reason): Admin {
  return { ...admin, recorder: byAuthor(admin.recorder, reason) }
}
