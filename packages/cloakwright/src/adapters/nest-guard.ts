import { type CanActivate, type ExecutionContext, HttpException, Inject, Injectable } from '@nestjs/common'
import { HttpAdapterHost } from '@nestjs/core'
import { CloakwrightError } from '../errors.ts'
import type { Guard, Refused } from '../guard/index.ts'
import type { AccessToken } from '../token/index.ts'
import { toGuardedRequest } from './nest-request.ts'
import { ruleOf } from './nest-rules.ts'

/** Where Nest finds the service's guard. */
export const guardToken: symbol = Symbol('cloakwright')

/** Lets in whom **all** decorators of the route and its controller let in; verified users where there are none. */
export class CloakwrightGuard implements CanActivate {
  readonly #guard: Guard
  readonly #host: HttpAdapterHost

  constructor(guard: Guard, host: HttpAdapterHost) {
    this.#guard = guard
    this.#host = host
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') throw notHttp(context.getType())
    // For all routes, on the controller and on the method it runs once each: all get the one context of the call.
    if (activated.has(context)) return true
    const rule = ruleOf(context.getClass(), context.getHandler())
    const request: object = context.switchToHttp().getRequest()
    const admission = await this.#guard.admit(toGuardedRequest(request, context), rule.policy, rule.anonymous)
    if (admission.kind === 'refused') throw new RefusedException(admission)
    if (admission.kind === 'redirected') return false
    users.set(request, admission.user)
    activated.add(context)
    const response: unknown = context.switchToHttp().getResponse()
    for (const [name, value] of Object.entries(admission.headers ?? {}))
      this.#host.httpAdapter.setHeader(response, name, value)
    return true
  }
}
Injectable()(CloakwrightGuard)
Inject(guardToken)(CloakwrightGuard, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightGuard, undefined, 1)

/** The user whom a guard let in, of Express' or Fastify's request; `undefined` for an anonymous one. */
export function maybeUserOf(request: object): AccessToken | undefined {
  return users.get(request)
}

/** A refusal on its way to the filter that answers it; other filters see an HttpException with the status and the problem. */
export class RefusedException extends HttpException {
  readonly refused: Refused

  constructor(refused: Refused) {
    super(bodyOf(refused), refused.answer.status)
    this.refused = refused
  }
}

/** What clients get: the problem, or the application's own format. */
function bodyOf({ answer }: Refused): string | Record<string, unknown> {
  const isJson = /[/+]json\b/.test(answer.headers['content-type'] ?? '')
  return isJson ? (JSON.parse(answer.body) as Record<string, unknown>) : answer.body
}

/** Calls that a guard has let in. */
const activated = new WeakSet<ExecutionContext>()
/** Whom guards let in, by the framework's request. */
const users = new WeakMap<object, AccessToken | undefined>()

function notHttp(type: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `CloakwrightGuard: it guards HTTP routes, not ${type}`, {
    hint: 'Guard WebSocket upgrades with cloakwright/websocket; verify other tokens with the verifier itself.',
  })
}
