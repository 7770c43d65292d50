import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { CloakwrightError } from '../../errors.ts'
import type { Admission, Guard, GuardedRequest, Refused } from '../../guard/index.ts'
import type { Policy } from '../../policy/index.ts'
import type { AccessToken } from '../../token/index.ts'
import { logRefusal, RefusedException, RefusedMessage } from './refusal.ts'
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
    const { policy, anonymous } = ruleOf(context.getClass(), context.getHandler())
    const request = toGuardedRequest(source.request, context)
    const admission = await this.#admit(request, policy, anonymous)
    if (admission.kind === 'refused') throw this.#refuse(admission, source, context)
    if (admission.kind === 'redirected') return false
    this.#setHeaders(source, admission.headers)
    users.set(source.holder, admission.user)
    activated.add(context)
    return true
  }

  /** A guard watches the connection of an upgrade from the handshake on: once, not again for each message. */
  async #admit(request: GuardedRequest, policy: Policy, anonymous: boolean): Promise<Admission> {
    const { connection } = request
    if (connection === undefined) return await this.#guard.admit(request, policy, anonymous)
    if (watched.has(connection)) return await this.#guard.admit(withoutConnection(request), policy, anonymous)
    watched.add(connection)
    const admission = await this.#guard.admit(request, policy, anonymous)
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
  return users.get(request)
}

/** Calls that a guard has admitted. */
const activated = new WeakSet<ExecutionContext>()
const users = new WeakMap<object, AccessToken | undefined>()
const watched = new WeakSet<object>()

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
