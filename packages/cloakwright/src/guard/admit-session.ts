import { CloakwrightError } from '../errors.ts'
import { continueWith } from '../promise.ts'
import type { SessionEngine, SessionUse } from '../session/index.ts'
import type { Admission } from './admission.ts'
import type { SessionUser } from './authenticator.ts'
import type { GuardContext } from './context.ts'
import { decideOn } from './decide.ts'
import { refuse } from './refusal.ts'
import { type GuardedRequest, nothingGiven, readSubmittedForm } from './request/index.ts'
import type { Rule } from './rule.ts'

/** Admits the user of the browser's session, or asks for a login. */
export function admitBySession(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  sessions: SessionEngine,
  use: SessionUse,
): Admission | Promise<Admission> {
  const found = rule.anonymous
    ? userOrNobody(context, request, sessions, use)
    : context.authenticator.userOfSession(request, sessions, use)
  return continueWith(found, decideOnSession, context, request, rule, sessions)
}

function decideOnSession(
  found: SessionUser | undefined,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  sessions: SessionEngine,
): Admission | Promise<Admission> {
  if (found?.user !== undefined) {
    const { session, user } = found
    return decideOn(user, context, request, rule, session.accessToken, uncached, session)
  }
  return rule.anonymous
    ? { kind: 'admitted', user: undefined }
    : askToSignIn(found, context, request, sessions)
}

async function askToSignIn(
  found: SessionUser | undefined,
  context: GuardContext,
  request: GuardedRequest,
  sessions: SessionEngine,
): Promise<Admission> {
  const response = await sessions.challenge(request, { form: () => readSubmittedForm(request) })
  if (response !== undefined) return { kind: 'redirected', response, orphaned: found !== undefined }
  return refuse(context, nothingGiven(request), request, sessions.loginPath(request))
}

/** RFC 9111 §3.5 keeps responses to Authorization out of shared caches, but not responses to cookies. */
const uncached: Readonly<Record<string, string>> = { 'cache-control': 'no-store' }

/** A public page is also shown, to anyone, if it is not known whose session the cookie names. */
async function userOrNobody(
  context: GuardContext,
  request: GuardedRequest,
  sessions: SessionEngine,
  use: SessionUse,
): Promise<SessionUser | undefined> {
  try {
    return await context.authenticator.userOfSession(request, sessions, use)
  } catch (error) {
    const isPage = request.method === 'GET' || request.method === 'HEAD'
    if (isPage && error instanceof CloakwrightError && error.status === 503) return undefined
    throw error
  }
}
