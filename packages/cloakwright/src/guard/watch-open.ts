import type { Admission, Admitted } from './admission.ts'
import { admitBySession } from './admit-session.ts'
import type { GuardContext } from './context.ts'
import { refuseFailure } from './decide.ts'
import type { OpenResponse } from './end-watch.ts'
import { asksForEvents, onEvents, openResponseOf } from './open-response.ts'
import { refuse } from './refusal.ts'
import { type GuardedRequest, nothingGiven } from './request/index.ts'
import type { Rule } from './rule.ts'
import { contextFor } from './tenants.ts'

/** A WebSocket or a stream stays open after its admission: it is checked until it is closed. */
export function watchOpen(
  admission: Admission,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
): Admission {
  if (admission.kind !== 'admitted' || admission.user === undefined) return admission
  if (context.watchEnd === undefined) return admission
  const { connection, outgoing } = request
  if (connection === undefined && outgoing !== undefined && !asksForEvents(request)) {
    onEvents(outgoing, (open) => watchResponse(open, admission, context, request, rule))
    return admission
  }
  const open = openResponseOf(request)
  try {
    if (open !== undefined) watchResponse(open, admission, context, request, rule)
    return admission
  } catch (error) {
    return refuseFailure(context, error, request)
  }
}

/** Closes an open response when the token or the session that opened it ends. */
export function watchResponse(
  open: OpenResponse,
  { user, session }: Admitted,
  context: GuardContext,
  request: GuardedRequest,
  { policy }: Rule,
): void {
  if (user === undefined) return
  const admitAgain = async (): Promise<Admission> => {
    const rule = { policy, anonymous: false }
    try {
      const own = await contextFor(context, request)
      if (own.sessions === undefined) return refuse(context, nothingGiven(request), request)
      return await admitBySession(own, lookedAtAnew(request), rule, own.sessions, { extend: false })
    } catch (error) {
      return refuseFailure(context, error, request)
    }
  }
  context.watchEnd?.(open, user, session, admitAgain)
}

/** The same request as a new object, without cached results. */
function lookedAtAnew(request: GuardedRequest): GuardedRequest {
  return Object.create(request, { identity: { value: {} } }) as GuardedRequest
}
