import { CloakwrightError } from '../errors.ts'
import { isUpgrade } from '../http/index.ts'
import { type Decision, evaluate, type Policy } from '../policy/index.ts'
import { continueWith, isPromise } from '../promise.ts'
import type { SessionEngine, SessionUse } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'
import type { Admission, Refused } from './admission.ts'
import type { GuardContext } from './context.ts'
import { RequestContext } from './policy-context.ts'
import { refuse } from './refusal.ts'
import {
  type Credentials,
  credentialsOf,
  type GuardedRequest,
  nothingGiven,
  refuseSecondToken,
} from './request/index.ts'
import { type Tickets, ticketOf } from './websocket/index.ts'

// The steps of an admission, in order. A request with a known token passes them without a promise.

/** Decides whether a policy admits a request. Never throws or rejects: any failure is a refusal. */
export function admit(
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  anonymous: boolean,
): Admission | Promise<Admission> {
  const admission = admitOrRefuse(context, request, policy, anonymous)
  return request.connection === undefined
    ? admission
    : continueWith(admission, watchSocket, context, request, policy)
}

function admitOrRefuse(
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  anonymous: boolean,
): Admission | Promise<Admission> {
  try {
    const admission = admitByCredentials(context, request, policy, anonymous)
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
  policy: Policy,
  anonymous: boolean,
): Admission | Promise<Admission> {
  const { tickets, sessions, verifier } = context
  const fields = request.fields('authorization')
  if (fields.length === 0) {
    const ticket = tickets !== undefined && isHandshake(request) ? ticketOf(request) : undefined
    if (tickets !== undefined && ticket !== undefined)
      return admitByTicket(context, request, policy, tickets, ticket)
    if (sessions !== undefined) return admitBySession(context, request, policy, anonymous, sessions, {})
  }
  const credentials = credentialsOf(fields, verifier.proofs.dpop !== undefined)
  if (credentials !== undefined)
    return continueWith(refuseSecondToken(request), admitByToken, context, request, policy, credentials)
  return anonymous ? { kind: 'admitted', user: undefined } : refuse(context, nothingGiven(request), request)
}

function admitByToken(
  _oneToken: void,
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  credentials: Credentials,
): Admission | Promise<Admission> {
  const user = context.authenticator.userOfToken(request, credentials)
  return credentials.scheme === 'DPoP'
    ? decideWithNonce(context, request, policy, user, credentials.token)
    : continueWith(user, decideOn, context, request, policy, credentials.token)
}

/** A fresh nonce in each response saves the client a refused request (RFC 9449 §8.2). */
async function decideWithNonce(
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  user: AccessToken | Promise<AccessToken>,
  tokenText: string,
): Promise<Admission> {
  const { proofs, clock } = context.verifier
  const verified = await user
  const nonce = await proofs.dpop?.nonce(clock.now())
  const headers = nonce === undefined ? undefined : { 'dpop-nonce': nonce }
  return await decideOn(verified, context, request, policy, tokenText, headers)
}

async function admitByTicket(
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  tickets: Tickets,
  ticket: string,
): Promise<Admission> {
  const user = await context.authenticator.userOfTicket(request, tickets, ticket)
  // The ticket does not contain the token itself.
  return await decideOn(user, context, request, policy, '')
}

async function admitBySession(
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  anonymous: boolean,
  sessions: SessionEngine,
  use: SessionUse,
): Promise<Admission> {
  const found = await context.authenticator.userOfSession(request, sessions, use)
  if (found?.user !== undefined) {
    const { session, user } = found
    // RFC 9111 §3.5 keeps responses to Authorization out of shared caches, but not responses to cookies.
    const headers = { 'cache-control': 'no-store' }
    const admission = await decideOn(user, context, request, policy, session.accessToken, headers)
    return admission.kind === 'admitted' ? { ...admission, session } : admission
  }
  if (anonymous) return { kind: 'admitted', user: undefined }
  const login = await sessions.challenge(request)
  if (login !== undefined) return { kind: 'redirected', response: login, orphaned: found !== undefined }
  return refuse(context, nothingGiven(request), request)
}

/** Evaluates the policy. */
function decideOn(
  user: AccessToken,
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  tokenText: string,
  headers?: Headers,
): Admission | Promise<Admission> {
  const decision = evaluate(policy, user, new RequestContext(request, tokenText, context.verifier.clock))
  return continueWith(decision, conclude, context, request, policy, user, headers)
}

function conclude(
  decision: Decision,
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
  user: AccessToken,
  headers: Headers | undefined,
): Admission {
  if (decision.allowed) return { kind: 'admitted', user, headers }
  const error = new CloakwrightError(decision.code, `Token: ${decision.reason}`, {
    challenge: decision.challenge,
    hint: `Send a token that meets the policy of the route: ${policy.description}.`,
  })
  return refuse(context, error, request)
}

/** An admitted WebSocket stays open after this: it is checked until it is closed. */
function watchSocket(
  admission: Admission,
  context: GuardContext,
  request: GuardedRequest,
  policy: Policy,
): Admission {
  if (admission.kind !== 'admitted' || admission.user === undefined) return admission
  const admitAgain = async (): Promise<Admission> => {
    const { sessions } = context
    if (sessions === undefined) return refuse(context, nothingGiven(request), request)
    const again = admitBySession(context, lookedAtAnew(request), policy, false, sessions, { extend: false })
    return await orRefuse(again, context, request)
  }
  try {
    context.watchSocket?.(request, admission.user, admission.session, admitAgain)
    return admission
  } catch (error) {
    return refuseFailure(context, error, request)
  }
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
