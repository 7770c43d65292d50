import { CloakwrightError } from '../errors.ts'
import { toProblem } from '../problem.ts'
import type { SessionContext } from './context.ts'
import type { LiveSession } from './live-session.ts'
import type { RoutedRequest } from './request.ts'
import { toLoginPath } from './return-to.ts'
import { readLive } from './vault.ts'

/**
 * The session of a request to one of the JSON routes, as it is in the store. It does not count as use of the session.
 *
 * @throws {CW_SESSION_ENDED}
 */
export async function requireLive(context: SessionContext, request: RoutedRequest): Promise<LiveSession> {
  const key = context.keyOf(request)
  const live = key === undefined ? undefined : await readLive(context, key)
  if (live !== undefined) return live
  throw new CloakwrightError('CW_SESSION_ENDED', 'The browser has no live session')
}

/** An error is a problem; a 401 says where to sign in. */
export async function orProblem(
  context: SessionContext,
  request: RoutedRequest,
  answer: () => Promise<Response>,
): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    const problem = toProblem(error, request.id())
    if (error.status === 401)
      return json({ ...problem, login: toLoginPath(context.config, request) }, 401, problemType)
    context.report(error, request.id())
    return json(problem, error.status, problemType, error.retryAfter)
  }
}

const problemType = 'application/problem+json'

/** JSON for this page's own code only. */
export function json(body: object, status = 200, type = 'application/json', retryAfter?: number): Response {
  const headers = new Headers({ 'content-type': type, ...privacy })
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter))
  return new Response(JSON.stringify(body), { status, headers })
}

/** Success, without a body. */
export function done(): Response {
  return new Response(null, { status: 204, headers: privacy })
}

const privacy = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}
