import { CloakwrightError } from '../errors.ts'
import { isUpgrade } from '../http/index.ts'
import { continueWith, isPromise } from '../promise.ts'
import type { AccessToken } from '../token/index.ts'
import type { Admission } from './admission.ts'
import { admitBySession } from './admit-session.ts'
import type { GuardContext } from './context.ts'
import { decideOn, refuseFailure } from './decide.ts'
import { refuse } from './refusal.ts'
import {
  type Credentials,
  credentialsOf,
  type GuardedRequest,
  nothingGiven,
  refuseSecondToken,
} from './request/index.ts'
import type { Rule } from './rule.ts'
import { inTenant } from './tenants.ts'
import { watchOpen } from './watch-open.ts'
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

/** Any request may have the header: on Node, the server knows which connection it hands over to a WebSocket. */
function isHandshake(request: GuardedRequest): boolean {
  const { method, incoming, connection } = request
  if (incoming !== undefined && connection === undefined) return false
  return (method === 'GET' || method === 'CONNECT') && isUpgrade(method, request.fields('upgrade')[0])
}
