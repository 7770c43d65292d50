import { type Admission, createGuards, type Guards, notRegistered, type Rule } from '../../guard/index.ts'
import { continueWith } from '../../promise.ts'
import { sendRefusal } from './problem.ts'
import { type AnyReply, type AnyRequest, guardOf, isOurs, toGuardedRequest } from './request.ts'
import { sendResponse } from './sessions.ts'
import { setSession, setUser } from './user.ts'

/** A guard: for a route's `onRequest` (or `preHandler`), or `app.addHook('onRequest', …)` for all routes of a scope. */
export type FastifyGuard = (request: AnyRequest, reply: AnyReply, done: (error?: Error) => void) => void

const guards: Guards<FastifyGuard> = createGuards(toHook)

/** Admits requests with a valid access token or, if sessions are configured, a live session. */
export const requireUser: Guards<FastifyGuard>['requireUser'] = guards.requireUser
/** Admits users with **every one** of the realm roles; others get 403. */
export const requireRole: Guards<FastifyGuard>['requireRole'] = guards.requireRole
/** Admits users with **every one** of that client's roles; others get 403. */
export const requireClientRole: Guards<FastifyGuard>['requireClientRole'] = guards.requireClientRole
/** Admits tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const requireScope: Guards<FastifyGuard>['requireScope'] = guards.requireScope
/** Admits tokens with **every one** of the audiences, which the verifier's own `audience` must list as well; others get 401. */
export const requireAudience: Guards<FastifyGuard>['requireAudience'] = guards.requireAudience
/** Admits users whom a policy allows. */
export const requirePolicy: Guards<FastifyGuard>['requirePolicy'] = guards.requirePolicy
/** Sets `request.user` if the request has credentials, and admits it without. Invalid credentials are still refused. */
export const allowAnonymous: Guards<FastifyGuard>['allowAnonymous'] = guards.allowAnonymous

type Done = (error?: Error) => void

/** Calls back synchronously, without a promise, if the guard decides synchronously. */
function toHook(rule: Rule): FastifyGuard {
  return (request, reply, done) => {
    const guard = guardOf(request)
    if (guard === undefined)
      return done(
        notRegistered(
          rule.policy,
          'Register it before the routes, in the same scope or a scope around them: await app.register(cloakwright, { verifier })',
        ),
      )
    const admission = guard.admit(toGuardedRequest(request, reply), rule)
    // oxlint-disable-next-line promise/no-callback-in-promise -- the framework's way to receive an error
    continueWith(admission, proceed, request, reply, done)?.catch(done)
  }
}

function proceed(
  admission: Admission,
  request: AnyRequest,
  reply: AnyReply,
  done: Done,
): Promise<AnyReply> | undefined {
  if (admission.kind === 'admitted') {
    setUser(request, admission.user)
    if (admission.session !== undefined) setSession(request, admission.session)
    if (admission.headers !== undefined) reply.headers(admission.headers)
    done()
  } else if (isOurs(request)) done()
  else if (admission.kind === 'refused') sendRefusal(admission, request, reply)
  else {
    if (admission.orphaned) request.log.info(orphaned)
    return sendResponse(admission.response, reply)
  }
  return undefined
}

const orphaned =
  'the tokens of the session are no longer accepted (keys replaced, or revoked): the user must sign in again'
