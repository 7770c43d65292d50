import { CloakwrightError } from '../errors.ts'
import { type Decision, evaluate, type Policy } from '../policy/index.ts'
import { isPromise } from '../promise.ts'
import type { SessionEngine } from '../session/index.ts'
import { type AccessToken, type Credentials, credentialsOf } from '../token/index.ts'
import { isUpgrade } from '../upgrade.ts'
import type { Admission, Refused } from './admission.ts'
import { createJudge } from './authenticator.ts'
import { inFormat } from './error-format.ts'
import { checkGuardOptions, type GuardOptions, withClock } from './options.ts'
import { RequestContext } from './policy-context.ts'
import { type RefusalContext, toRefused } from './refusal.ts'
import { type GuardedRequest, nothingGiven, refuseSecondToken } from './request/index.ts'
import { createResourceMetadata, type ResourceMetadata } from './resource.ts'
import { fromSession } from './session.ts'
import { toSessionRequest } from './session-request.ts'
import { createSocketWatch, type Tickets, ticketOf } from './websocket/index.ts'

/** Decides who may pass; an adapter asks it and does what it says. */
export interface Guard {
  /** What this service asks of its clients, for the route that publishes it. */
  readonly resource: ResourceMetadata | undefined
  /**
   * Whether the request may go on under the policy: at once, and not by a promise, whenever nothing has to be fetched.
   * Never throws or rejects: whatever fails is a refusal, an error of a policy's own function one with status 500.
   *
   * @param anonymous Lets in requests without credentials; bad ones are still refused.
   */
  admit(request: GuardedRequest, policy: Policy, anonymous: boolean): Admission | Promise<Admission>
  /** The answer to an error, as every adapter gives it. */
  refuse(error: unknown, request: Pick<GuardedRequest, 'id' | 'native'>): Refused
}

/** Makes the guard of one service; browser sessions count as credentials where they are given. */
export function createGuard(options: GuardOptions, sessions?: SessionEngine): Guard {
  checkGuardOptions(options, sessions)
  const verifier = withClock(options.verifier)
  const { proofs } = verifier
  const judge = createJudge(verifier)
  const resource = options.resource && createResourceMetadata(options.resource, verifier)
  const context: Omit<RefusalContext, 'requestId'> = {
    realm: options.realm ?? verifier.realm,
    resourceMetadata: resource?.url,
    dpopAlgorithms: proofs.dpop?.algorithms,
    explain: options.explain ?? process.env['NODE_ENV'] === 'development',
  }
  const { formatError } = options
  const refuse: Guard['refuse'] = (error, request) => {
    const refused = toRefused(error, { ...context, requestId: request.id() })
    return formatError === undefined ? refused : inFormat(refused, formatError, request.native)
  }

  /** What a policy's own function threw is the service's failure, unless it says itself that clients may see it. */
  const fail = (error: unknown, request: GuardedRequest): Refused => {
    const shown = error instanceof CloakwrightError || isExposed(error)
    return refuse(shown ? error : new Error('Policy: it failed', { cause: error }), request)
  }

  // What has to wait is in functions of its own: a closure costs those that do not wait, too.

  const conclude = (
    request: GuardedRequest,
    policy: Policy,
    decision: Decision,
    user: AccessToken,
    headers: Headers | undefined,
  ): Admission => {
    if (decision.allowed) return { kind: 'admitted', user, headers }
    const error = new CloakwrightError(decision.code, `Token: ${decision.reason}`, {
      challenge: decision.challenge,
      hint: `The route needs ${policy.description}.`,
    })
    return refuse(error, request)
  }

  const decide = (
    request: GuardedRequest,
    policy: Policy,
    user: AccessToken,
    tokenText: string,
    headers?: Headers,
  ): Admission | Promise<Admission> => {
    const decision = evaluate(policy, user, new RequestContext(request, tokenText, verifier.clock))
    return isPromise(decision)
      ? concludeLater(request, policy, decision, user, headers)
      : conclude(request, policy, decision, user, headers)
  }

  const concludeLater = async (
    request: GuardedRequest,
    policy: Policy,
    decision: Promise<Decision>,
    user: AccessToken,
    headers: Headers | undefined,
  ): Promise<Admission> => conclude(request, policy, await decision, user, headers)

  const withToken = (
    request: GuardedRequest,
    policy: Policy,
    credentials: Credentials,
  ): Admission | Promise<Admission> => {
    const user = judge.verify(request, credentials)
    return isPromise(user)
      ? withTokenLater(request, policy, credentials, user)
      : decide(request, policy, user, credentials.token)
  }

  const withTokenLater = async (
    request: GuardedRequest,
    policy: Policy,
    credentials: Credentials,
    user: Promise<AccessToken>,
  ): Promise<Admission> => {
    const { scheme, token } = credentials
    const verified = await user
    // A fresh nonce with each answer spares the client a refused request (RFC 9449 §8.2).
    const nonce = scheme === 'DPoP' ? await proofs.dpop?.nonce(verifier.clock.now()) : undefined
    return await decide(
      request,
      policy,
      verified,
      token,
      nonce === undefined ? undefined : { 'dpop-nonce': nonce },
    )
  }

  const withoutToken = async (
    request: GuardedRequest,
    policy: Policy,
    anonymous: boolean,
    isUse: boolean,
  ): Promise<Admission> => {
    const found = sessions && (await fromSession(judge, sessions, request, isUse))
    if (found?.user !== undefined) {
      const { session, user } = found
      // RFC 9111 §3.5 keeps shared caches from answers to Authorization, not from those to cookies.
      const headers = { 'cache-control': 'no-store' }
      const admission = await decide(request, policy, user, session.accessToken, headers)
      return admission.kind === 'admitted' ? { ...admission, session } : admission
    }
    if (anonymous) return { kind: 'admitted', user: undefined }
    const login = await sessions?.challenge(toSessionRequest(request))
    if (login !== undefined) return { kind: 'redirected', response: login, orphaned: found !== undefined }
    return refuse(nothingGiven(request), request)
  }

  const withTicket = async (
    request: GuardedRequest,
    policy: Policy,
    tickets: Tickets,
    ticket: string,
  ): Promise<Admission> => {
    const user = await judge.ticket(request, tickets, ticket)
    // The token itself is not in the ticket.
    return await decide(request, policy, user, '')
  }

  const start = (
    request: GuardedRequest,
    policy: Policy,
    anonymous: boolean,
  ): Admission | Promise<Admission> => {
    const fields = request.fields('authorization')
    if (fields.length === 0 && options.tickets !== undefined && isHandshake(request)) {
      const ticket = ticketOf(request)
      if (ticket !== undefined) return withTicket(request, policy, options.tickets, ticket)
    }
    if (fields.length === 0 && sessions !== undefined) return withoutToken(request, policy, anonymous, true)
    const credentials = credentialsOf(fields, proofs.dpop !== undefined)
    if (credentials === undefined)
      return anonymous ? { kind: 'admitted', user: undefined } : refuse(nothingGiven(request), request)
    const form = refuseSecondToken(request)
    return isPromise(form)
      ? withTokenAfter(form, request, policy, credentials)
      : withToken(request, policy, credentials)
  }

  const withTokenAfter = async (
    form: Promise<void>,
    request: GuardedRequest,
    policy: Policy,
    credentials: Credentials,
  ): Promise<Admission> => {
    await form
    return await withToken(request, policy, credentials)
  }

  const settle = async (request: GuardedRequest, admission: Promise<Admission>): Promise<Admission> => {
    try {
      return await admission
    } catch (error) {
      return fail(error, request)
    }
  }

  const watchSocket = options.endWithToken === false ? undefined : createSocketWatch(verifier, sessions)
  /** What is let in stays open after this: it is looked at until it is closed. */
  const watched = (request: GuardedRequest, policy: Policy, admission: Admission): Admission => {
    if (admission.kind !== 'admitted' || admission.user === undefined) return admission
    const admitAgain = async (): Promise<Admission> =>
      await settle(request, withoutToken(lookedAtAnew(request), policy, false, false))
    try {
      watchSocket?.(request, admission.user, admission.session, admitAgain)
      return admission
    } catch (error) {
      return fail(error, request)
    }
  }

  const admit: Guard['admit'] = (request, policy, anonymous) => {
    try {
      const admission = start(request, policy, anonymous)
      return isPromise(admission) ? settle(request, admission) : admission
    } catch (error) {
      return fail(error, request)
    }
  }

  return {
    resource,
    admit(request, policy, anonymous) {
      const admission = admit(request, policy, anonymous)
      if (request.connection === undefined) return admission
      return isPromise(admission)
        ? admission.then((settled) => watched(request, policy, settled))
        : watched(request, policy, admission)
    },
    refuse,
  }
}

/** The same request as another one, for which nothing is known yet. */
function lookedAtAnew(request: GuardedRequest): GuardedRequest {
  return Object.create(request, { identity: { value: {} } }) as GuardedRequest
}

/** Any request may have the header: on Node its server tells which connection it gives up for a WebSocket. */
function isHandshake(request: GuardedRequest): boolean {
  const { method, incoming, connection } = request
  if (incoming !== undefined && connection === undefined) return false
  return (method === 'GET' || method === 'CONNECT') && isUpgrade(method, request.fields('upgrade')[0])
}

type Headers = Readonly<Record<string, string>>

/** As errors of `http-errors` say that their status and text are for the client. */
function isExposed(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'expose' in error && error.expose === true
}
