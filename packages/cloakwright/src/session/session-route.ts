import { decodeJwt } from 'jose'
import { CloakwrightError } from '../errors.ts'
import { toProblem } from '../problem.ts'
import type { SessionContext } from './context.ts'
import type { LiveSession } from './live-session.ts'
import type { RoutedRequest } from './request.ts'
import { toLoginPath } from './return-to.ts'
import { readLive } from './vault.ts'

/**
 * Handles `GET /auth/session`: who is signed in, for a page's own code. It contains no token, asks the realm nothing, and
 * does not count as use of the session.
 */
export async function answerSession(context: SessionContext, request: RoutedRequest): Promise<Response> {
  try {
    const key = context.keyOf(request)
    const live = key === undefined ? undefined : await readLive(context, key)
    if (live === undefined) throw new CloakwrightError('CW_SESSION_ENDED', 'The browser has no live session')
    return json(200, 'application/json', describe(live, context.config.now()))
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    const problem = toProblem(error, request.id())
    if (error.status === 401)
      return json(401, 'application/problem+json', {
        ...problem,
        login: toLoginPath(context.config, request),
      })
    context.report(error, request.id())
    return json(error.status, 'application/problem+json', problem, error.retryAfter)
  }
}

function describe({ record, tokens }: LiveSession, now: number): object {
  // The realm sent both over TLS; the ID token was verified as well.
  const access = claimsOf(tokens.accessToken)
  const claims = { ...claimsOf(tokens.idToken), ...access }
  const roles = (access['realm_access'] as { roles?: unknown } | undefined)?.roles
  return {
    subject: record.subject,
    username: text(claims['preferred_username']),
    name: text(claims['name']),
    email: text(claims['email']),
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    expiresIn: Math.max(0, Math.floor((record.expiresAt - now) / 1000)),
  }
}

/** An access token need not be a JWT. */
function claimsOf(token: string | undefined): Readonly<Record<string, unknown>> {
  try {
    return token === undefined ? {} : decodeJwt(token)
  } catch {
    return {}
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function json(status: number, type: string, body: object, retryAfter?: number): Response {
  const headers = new Headers({
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  if (retryAfter !== undefined) headers.set('retry-after', String(retryAfter))
  return new Response(JSON.stringify(body), { status, headers })
}
