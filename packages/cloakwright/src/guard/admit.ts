import { type ChallengeParameters, CloakwrightError } from '../errors.ts'
import { isUpgrade } from '../http/index.ts'
import { type Decision, evaluate } from '../policy/index.ts'
import { continueWith, isPromise } from '../promise.ts'
import type { Session, SessionEngine, SessionUse } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'
import type { Admission, Admitted, Refused } from './admission.ts'
import type { SessionUser } from './authenticator.ts'
import type { GuardContext } from './context.ts'
import type { OpenResponse } from './end-watch.ts'
import { asksForEvents, onEvents, openResponseOf } from './open-response.ts'
import { RequestContext } from './policy-context.ts'
import { refuse } from './refusal.ts'
import {
  type Credentials,
  credentialsOf,
  type GuardedRequest,
  nothingGiven,
  readSubmittedForm,
  refuseSecondToken,
} from './request/index.ts'
import type { Rule } from './rule.ts'
import { contextFor, inTenant, requireTenant } from './tenants.ts'
import { type Tickets, ticketOf } from './websocket/index.ts'

// The steps of an admission, in order. A request with a known token or session passes them without a promise.

/** Decides whether a rule admits a request. Never throws or rejects: any failure is a refusal. */
export function admit(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
): Admission | Promise<Admission> {
  return context.ofTenant === undefined
    ? admitHere(context, request, rule)
    : inTenant(
        context,
        request,
        (own) => admitHere(own, request, rule),
        (error) => admitForNone(error, context, request, rule),
      )
}

function admitHere(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
): Admission | Promise<Admission> {
  const admission = admitOrRefuse(context, request, rule)
  return request.connection === undefined && request.outgoing === undefined
    ? admission
    : continueWith(admission, watchOpen, context, request, rule)
}

/** A public page needs no tenant. Without one there is nobody to ask about credentials. */
function admitForNone(error: unknown, context: GuardContext, request: GuardedRequest, rule: Rule): Admission {
  const isUnknown = error instanceof CloakwrightError && error.code === 'CW_TENANT_UNKNOWN'
  return isUnknown && rule.anonymous && request.fields('authorization').length === 0
    ? { kind: 'admitted', user: undefined }
    : refuseFailure(context, error, request)
}

function admitOrRefuse(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
): Admission | Promise<Admission> {
  try {
    const admission = admitByCredentials(context, request, rule)
    return isPromise(admission) ? orRefuse(admission, context, request) : admission
  } catch (error) {
    return refuseFailure(context, error, request)
  }
}

async function orRefuse(
  admission: Promise<Admission>,
  context: GuardContext,
  request: GuardedRequest,
): Promise<Admission> {
  try {
    return await admission
  } catch (error) {
    return refuseFailure(context, error, request)
  }
}

/** Uses the token of the Authorization header; without that header, the ticket of a WebSocket or the browser's session. */
function admitByCredentials(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
): Admission | Promise<Admission> {
  const { tickets, sessions, verifier } = context
  const fields = request.fields('authorization')
  if (fields.length === 0) {
    const ticket = tickets !== undefined && isHandshake(request) ? ticketOf(request) : undefined
    if (tickets !== undefined && ticket !== undefined)
      return admitByTicket(context, request, rule, tickets, ticket)
    if (sessions !== undefined) return admitBySession(context, request, rule, sessions, rule)
  }
  const credentials = credentialsOf(fields, verifier.proofs.dpop !== undefined)
  if (credentials !== undefined)
    return continueWith(refuseSecondToken(request), admitByToken, context, request, rule, credentials)
  return rule.anonymous
    ? { kind: 'admitted', user: undefined }
    : refuse(context, nothingGiven(request), request)
}

function admitByToken(
  _oneToken: void,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  credentials: Credentials,
): Admission | Promise<Admission> {
  const user = context.authenticator.userOfToken(request, credentials)
  return credentials.scheme === 'DPoP'
    ? decideWithNonce(context, request, rule, user, credentials.token)
    : continueWith(user, decideOn, context, request, rule, credentials.token)
}

/** A fresh nonce in each response saves the client a refused request (RFC 9449 §8.2). */
async function decideWithNonce(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  user: AccessToken | Promise<AccessToken>,
  tokenText: string,
): Promise<Admission> {
  const { proofs, clock } = context.verifier
  const verified = await user
  const nonce = await proofs.dpop?.nonce(clock.now())
  const headers = nonce === undefined ? undefined : { 'dpop-nonce': nonce }
  return await decideOn(verified, context, request, rule, tokenText, headers)
}

async function admitByTicket(
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  tickets: Tickets,
  ticket: string,
): Promise<Admission> {
  const user = await context.authenticator.userOfTicket(request, tickets, ticket)
  // The ticket does not contain the token itself.
  return await decideOn(user, context, request, rule, '')
}

function admitBySession(
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
const uncached: Headers = { 'cache-control': 'no-store' }

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

/** Evaluates the policy. */
function decideOn(
  user: AccessToken,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  tokenText: string,
  headers?: Headers,
  session?: Session,
): Admission | Promise<Admission> {
  if (context.tenant !== undefined) requireTenant(user, context.tenant)
  const decision = evaluate(rule.policy, user, new RequestContext(request, tokenText, context.verifier.clock))
  return continueWith(decision, conclude, context, request, rule, user, headers, session)
}

function conclude(
  decision: Decision,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  user: AccessToken,
  headers: Headers | undefined,
  session: Session | undefined,
): Admission | Promise<Admission> {
  if (decision.allowed) return { kind: 'admitted', user, headers, session }
  const error = new CloakwrightError(decision.code, `Token: ${decision.reason}`, {
    challenge: decision.challenge,
    hint: `The policy of the route needs: ${rule.policy.description}. A user gets a new role with the next token.`,
  })
  const { sessions } = context
  return session !== undefined && sessions !== undefined && error.code === 'CW_STEP_UP_REQUIRED'
    ? askToStepUp(error, user, context, request, rule, sessions)
    : refuse(context, error, request)
}

/** A browser signs in again as the policy needs; other clients learn where. */
async function askToStepUp(
  error: CloakwrightError,
  user: AccessToken,
  context: GuardContext,
  request: GuardedRequest,
  { anonymous }: Rule,
  sessions: SessionEngine,
): Promise<Admission> {
  const stepUp = keepAcr(user, error.challenge)
  // Whoever also accepts anonymous requests decides itself where the browser goes: a component of Next.js.
  const response = anonymous
    ? undefined
    : await sessions.challenge(request, { stepUp, form: () => readSubmittedForm(request) })
  if (response !== undefined) return { kind: 'redirected', response, orphaned: false }
  return refuse(context, error, request, sessions.loginPath(request, stepUp))
}

/** Keycloak's tokens have the level of the latest login: one that asks only for its age would lose a higher one. */
function keepAcr({ claims: { acr } }: AccessToken, challenge: ChallengeParameters = {}): ChallengeParameters {
  const { acrValues, maxAge } = challenge
  const isKept = acrValues === undefined && maxAge !== undefined && typeof acr === 'string' && acr !== '0'
  return isKept ? { ...challenge, acrValues: acr } : challenge
}

/** A WebSocket or a stream stays open after its admission: it is checked until it is closed. */
function watchOpen(
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

/** An error of a policy's own function is a failure of the service, unless the error itself is meant for clients. */
function refuseFailure(context: GuardContext, error: unknown, request: GuardedRequest): Refused {
  const shown = error instanceof CloakwrightError || isExposed(error)
  return refuse(context, shown ? error : new Error('The policy threw an error', { cause: error }), request)
}

/** Like errors of `http-errors` whose status and message are meant for the client. */
function isExposed(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'expose' in error && error.expose === true
}

/** Any request may have the header: on Node, the server knows which connection it hands over to a WebSocket. */
function isHandshake(request: GuardedRequest): boolean {
  const { method, incoming, connection } = request
  if (incoming !== undefined && connection === undefined) return false
  return (method === 'GET' || method === 'CONNECT') && isUpgrade(method, request.fields('upgrade')[0])
}

type Headers = Readonly<Record<string, string>>
