import {
  type CanActivate,
  type ExecutionContext,
  type HttpException,
  Inject,
  Injectable,
} from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { CloakwrightError } from '../../errors.ts'
import {
  type Admission,
  type Guard,
  type GuardedRequest,
  noSessions,
  nothingGiven,
  type Redirected,
  type Refused,
  type Rule,
} from '../../guard/index.ts'
import type { Session, SessionEngine } from '../../session/index.ts'
import type { AccessToken } from '../../token/index.ts'
import { LoginException, logRefusal, RefusedException, RefusedMessage } from './refusal.ts'
import { type Source, sourceOf, toGuardedRequest } from './request.ts'
import { ruleOf } from './rules.ts'

/** Where Nest finds the service's guard. */
export const guardToken: symbol = Symbol('CloakwrightModule.forRoot()')

/**
 * Admits requests that **all** decorators of the method and its class admit; verified users if there are none. It reads the
 * request of HTTP routes, of GraphQL operations, and of the connection of gateways.
 */
export class CloakwrightGuard implements CanActivate {
  readonly #guard: Guard
  readonly #host: HttpAdapterHost

  constructor(guard: Guard, host: HttpAdapterHost) {
    this.#guard = guard
    this.#host = host
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // For all routes, on the class and on the method it runs once each: all receive the same context of the call.
    if (activated.has(context)) return true
    const source = sourceOf(context)
    if (source === undefined) throw noRequest(context)
    const rule = ruleOf(context.getClass(), context.getHandler())
    const request = toGuardedRequest(source.request, context, source.response)
    const admission = await this.#admit(request, rule)
    if (admission.kind === 'refused') throw this.#refuse(admission, source, context)
    if (admission.kind === 'redirected') throw await this.#toLogin(admission, request, source, context)
    this.#setHeaders(source, admission.headers)
    const { user, session } = admission
    visits.set(source.holder, { guard: this.#guard, request, user, session })
    activated.add(context)
    return true
  }

  /** A guard watches the connection of an upgrade from the handshake on: once, not again for each message. */
  async #admit(request: GuardedRequest, rule: Rule): Promise<Admission> {
    const { connection } = request
    if (connection === undefined) return await this.#guard.admit(request, rule)
    if (watched.has(connection)) return await this.#guard.admit(withoutConnection(request), rule)
    watched.add(connection)
    const admission = await this.#guard.admit(request, rule)
    if (admission.kind !== 'admitted' || admission.user === undefined) watched.delete(connection)
    return admission
  }

  /** An application's own filter would not do this: the challenge is set and the reason logged before it runs. */
  #refuse(refused: Refused, source: Source, context: ExecutionContext): RefusedException {
    const { 'content-type': _filters, ...headers } = refused.answer.headers
    this.#setHeaders(source, headers)
    logRefusal(refused.log)
    return context.getType() === 'ws' ? new RefusedMessage(refused) : new RefusedException(refused)
  }

  async #toLogin(
    { response }: Redirected,
    request: GuardedRequest,
    source: Source,
    context: ExecutionContext,
  ): Promise<HttpException> {
    // Elsewhere, as in GraphQL, the client is a program, which cannot follow a redirect to a page.
    if (context.getType() !== 'http' || source.response === undefined)
      return this.#refuse(this.#guard.refuse(nothingGiven(request), request), source, context)
    const { httpAdapter } = this.#host
    for (const [name, value] of response.headers)
      if (name === 'set-cookie') httpAdapter.appendHeader(source.response, name, value)
      else httpAdapter.setHeader(source.response, name, value)
    return new LoginException(response.status, await response.text())
  }

  #setHeaders({ response }: Source, headers: Readonly<Record<string, string>> = {}): void {
    if (response === undefined || isSent(response)) return
    for (const [name, value] of Object.entries(headers))
      this.#host.httpAdapter.setHeader(response, name, value)
  }
}
Injectable()(CloakwrightGuard)
Inject(guardToken)(CloakwrightGuard, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightGuard, undefined, 1)

/**
 * The user that a guard admitted, from Express' or Fastify's request or a gateway's client; `undefined` for an
 * anonymous one.
 */
export function maybeUserOf(request: object): AccessToken | undefined {
  return visits.get(request)?.user
}

/**
 * The browser session that a guard admitted; `undefined` for a bearer token and for an anonymous request.
 *
 * @param _sessions Only for its type: the result has the type of its data.
 */
export function sessionOf<Data = unknown>(
  request: object,
  _sessions?: SessionEngine<Data>,
): Session<Data> | undefined {
  return visits.get(request)?.session as Session<Data> | undefined
}

/**
 * Gets new tokens for the request's session now, so that changed roles take effect without a new login. Resolves to the
 * user with the new roles, which {@link userOf} returns from then on; `undefined` without a session, and if it has ended.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard, or the module no `sessions`.
 * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
 * @example
 * ```ts
 * import { Controller, Post, Req } from '@nestjs/common'
 * import { RequireUser, refreshSession } from 'cloakwright/nest'
 *
 * @Controller()
 * @RequireUser()
 * export class SellersController {
 *   @Post('become-seller')
 *   async become(@Req() request: object) {
 *     // … the role was added by the Admin API …
 *     const user = await refreshSession(request)
 *     return { seller: user?.realmRoles.includes('seller') }
 *   }
 * }
 * ```
 */
export async function refreshSession(request: object): Promise<AccessToken | undefined> {
  const visit = visits.get(request)
  if (visit === undefined) throw noSessions()
  const found = await visit.guard.refreshSession(visit.request)
  if (found?.user === undefined) return undefined
  visits.set(request, { ...visit, ...found })
  return found.user
}

/** What the guard found out about a request; `undefined` if none has run. */
export function visitOf(request: object): Visit | undefined {
  return visits.get(request)
}

/** Calls that a guard has admitted. */
const activated = new WeakSet<ExecutionContext>()
const visits = new WeakMap<object, Visit>()
const watched = new WeakSet<object>()

/** What a guard found out about a request, or about a gateway's client. */
export interface Visit {
  readonly guard: Guard
  readonly request: GuardedRequest
  readonly user: AccessToken | undefined
  readonly session: Session | undefined
}

function withoutConnection(request: GuardedRequest): GuardedRequest {
  return Object.create(request, { connection: { value: undefined } }) as GuardedRequest
}

/** Fields of a GraphQL operation may be guarded after others were sent. */
function isSent(response: object): boolean {
  const { headersSent, sent } = response as { readonly headersSent?: unknown; readonly sent?: unknown }
  return headersSent === true || sent === true
}

function noRequest(context: ExecutionContext): CloakwrightError {
  const type = context.getType<string>()
  const place = `${context.getClass().name}.${context.getHandler().name}`
  const [why, hint] = mistakes[type] ?? [
    `it guards HTTP routes, GraphQL operations and gateways, not ${type}`,
    'Verify the token of the message with the verifier itself.',
  ]
  return new CloakwrightError('CW_CONFIG_INVALID', `CloakwrightGuard at ${place}: ${why}`, { hint })
}

const mistakes: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  graphql: ['the GraphQL context has no request', 'Return { req } from the option context of GraphQLModule.'],
  ws: [
    'the upgrade request of the connection is unknown',
    'Call bindUpgrade(client, request) in handleConnection of the gateway.',
  ],
}
