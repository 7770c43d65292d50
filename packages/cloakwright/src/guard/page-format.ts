import { isPageRequest } from '../http/index.ts'
import { kindOf, type Pages } from '../pages/index.ts'
import type { SessionEngine } from '../session/index.ts'
import type { Refused } from './admission.ts'
import type { GuardedRequest } from './request/index.ts'

/**
 * Refuses a browser's navigation with a page: the same status and headers, another body. All other clients get the problem.
 * If a page cannot be created, the browser gets the problem too, and the log has the failure.
 */
export function asPage(
  refused: Refused,
  pages: Pages,
  sessions: SessionEngine | undefined,
  request: Pick<GuardedRequest, 'method' | 'url' | 'headers'>,
): Refused {
  try {
    if (!isPageRequest(request)) return refused
    const { problem, answer, log } = refused
    const kind = kindOf(problem)
    const { status, headers, body, failure } = pages.show(
      {
        kind,
        status: problem.status,
        links: {
          signIn: problem.login ?? sessions?.loginPath(request),
          signOut: sessions && `${sessions.basePath}/logout`,
          // Its own URL, but only if a repeated request changes nothing.
          tryAgain: request.method === 'GET' ? '' : undefined,
        },
        retryAfter: answer.headers['retry-after'],
        code: problem.code,
        requestId: problem.requestId,
        explanation: [kind === 'badRequest' ? problem.detail : undefined, problem.reason, problem.hint],
      },
      request,
    )
    const shown = { ...refused, answer: { status, headers: { ...answer.headers, ...headers }, body } }
    if (failure === undefined) return shown
    const error = new Error('pages.render failed, and the browser got the built-in page', { cause: failure })
    return { ...shown, log: { ...log, level: 'error', error } }
  } catch (cause) {
    const error = new Error('The page of a refusal failed, and the browser got the problem', { cause })
    return { ...refused, log: { ...refused.log, level: 'error', error } }
  }
}
