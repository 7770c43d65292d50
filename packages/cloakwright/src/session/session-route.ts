import { decodeJwt } from 'jose'
import type { SessionContext } from './context.ts'
import { json, orProblem, requireLive } from './json.ts'
import type { LiveSession } from './live-session.ts'
import type { RoutedRequest } from './request.ts'

/**
 * Handles `GET /auth/session`: who is signed in, for a page's own code. It contains no token, asks the realm nothing, and
 * does not count as use of the session.
 */
export async function answerSession(context: SessionContext, request: RoutedRequest): Promise<Response> {
  return await orProblem(context, request, async () =>
    json(describe(await requireLive(context, request), context.config.now())),
  )
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
