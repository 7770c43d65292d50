import { CloakwrightError } from '../errors.ts'
import type { SessionContext } from './context.ts'
import { requireSameOrigin } from './csrf.ts'
import { done, json, orProblem, requireLive } from './json.ts'
import { withCookies } from './redirect.ts'
import type { RoutedRequest } from './request.ts'
import { endOneSession, endOtherSessions, isIdOf, listSessions } from './user-sessions.ts'

/** Handles `GET /auth/sessions`: the user's sessions, for a page's own code. It does not count as use of the session. */
export async function answerList(context: SessionContext, request: RoutedRequest): Promise<Response> {
  return await orProblem(context, request, async () => {
    const sessions = await listSessions(context, await requireLive(context, request))
    return json({
      sessions: sessions.map(({ createdAt, lastSeenAt, expiresAt, ...rest }) => ({
        ...rest,
        createdAt: new Date(createdAt),
        lastSeenAt: new Date(lastSeenAt),
        expiresAt: new Date(expiresAt),
      })),
    })
  })
}

/** Handles `DELETE /auth/sessions`: ends all sessions of the user but this one. */
export async function answerEndOthers(context: SessionContext, request: RoutedRequest): Promise<Response> {
  return await orProblem(context, request, async () => {
    requireSameOrigin(request, context.config.publicOrigin)
    return json({ ended: await endOtherSessions(context, await requireLive(context, request)) })
  })
}

/** Handles `DELETE /auth/sessions/ID`: ends one session of the user, also this one. */
export async function answerEnd(
  context: SessionContext,
  request: RoutedRequest,
  id: string,
): Promise<Response> {
  return await orProblem(context, request, async () => {
    requireSameOrigin(request, context.config.publicOrigin)
    const live = await requireLive(context, request)
    if (!(await endOneSession(context, live, id)))
      throw new CloakwrightError('CW_SESSION_NOT_FOUND', 'The user has no live session with this id', {
        hint: 'Get the list again: the session may have ended already.',
      })
    return isIdOf(live, id) ? withCookies(done(), context.cookies.clearAll()) : done()
  })
}
