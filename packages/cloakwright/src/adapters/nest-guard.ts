import { type CanActivate, type ExecutionContext, HttpException, Inject, Injectable } from '@nestjs/common'
import { HttpAdapterHost, Reflector } from '@nestjs/core'
import { CloakwrightError } from '../errors.ts'
import type { Guard, Refused } from '../guard/index.ts'
import { type Policy, user as anyUser } from '../policy/index.ts'
import type { AccessToken } from '../token/index.ts'
import { toGuardedRequest } from './nest-request.ts'

/** Where Nest finds the service's guard. */
export const guardToken: symbol = Symbol('cloakwright')
/** Where decorators leave their rule on a route or a controller. */
export const ruleKey = 'cloakwright:rule'

/** What a decorator asks for. */
export interface Rule {
  readonly policy: Policy
  readonly anonymous: boolean
}

const anyone: Rule = { policy: anyUser(), anonymous: false }

/** Lets in whom the decorators of the route, else of its controller, let in; verified users where there are none. */
export class CloakwrightGuard implements CanActivate {
  readonly #guard: Guard
  readonly #reflector: Reflector
  readonly #host: HttpAdapterHost

  constructor(guard: Guard, reflector: Reflector, host: HttpAdapterHost) {
    this.#guard = guard
    this.#reflector = reflector
    this.#host = host
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') throw notHttp(context.getType())
    const targets = [context.getHandler(), context.getClass()]
    const rule = this.#reflector.getAllAndOverride<Rule | undefined>(ruleKey, targets) ?? anyone
    const request: object = context.switchToHttp().getRequest()
    // For all routes, on the controller and on the method it runs once each, and a DPoP proof is good for one look.
    if (admitted.get(request)?.rule === rule) return true
    const admission = await this.#guard.admit(toGuardedRequest(request, context), rule.policy, rule.anonymous)
    if (admission.kind === 'refused') throw new RefusedException(admission)
    if (admission.kind === 'redirected') return false
    admitted.set(request, { rule, user: admission.user })
    const response: unknown = context.switchToHttp().getResponse()
    for (const [name, value] of Object.entries(admission.headers ?? {}))
      this.#host.httpAdapter.setHeader(response, name, value)
    return true
  }
}
Injectable()(CloakwrightGuard)
Inject(guardToken)(CloakwrightGuard, undefined, 0)
Inject(Reflector)(CloakwrightGuard, undefined, 1)
Inject(HttpAdapterHost)(CloakwrightGuard, undefined, 2)

/** The user whom a guard let in, of Express' or Fastify's request; `undefined` for an anonymous one. */
export function maybeUserOf(request: object): AccessToken | undefined {
  return admitted.get(request)?.user
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

/** Whom guards let in, by the framework's request. */
const admitted = new WeakMap<object, { readonly rule: Rule; readonly user: AccessToken | undefined }>()

function notHttp(type: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `CloakwrightGuard: it guards HTTP routes, not ${type}`, {
    hint: 'Guard WebSocket upgrades with cloakwright/websocket; verify other tokens with the verifier itself.',
  })
}
