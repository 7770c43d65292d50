import { createParamDecorator, type ExecutionContext, UseFilters, UseGuards } from '@nestjs/common'
import { CloakwrightError } from '../../errors.ts'
import { createGuards, type Guards, noGuard, type Rule } from '../../guard/index.ts'
import type { AccessToken } from '../../token/index.ts'
import { MessageFilter } from './filter.ts'
import { CloakwrightGuard, maybeUserOf } from './guard.ts'
import { sourceOf } from './request.ts'
import { addRule, placeOf } from './rules.ts'

/**
 * A decorator for a method or a whole class: of a controller, a GraphQL resolver or a gateway. **All** rules of class and
 * method apply, in any order.
 */
export type RuleDecorator = ClassDecorator & MethodDecorator

const guards: Guards<RuleDecorator> = createGuards(
  toDecorator,
  (name) => `@${name.charAt(0).toUpperCase()}${name.slice(1)}`,
)

/** Admits requests with a valid access token. */
export const RequireUser: Guards<RuleDecorator>['requireUser'] = guards.requireUser
/** Admits users with **every one** of the realm roles; others get 403. */
export const RequireRole: Guards<RuleDecorator>['requireRole'] = guards.requireRole
/** Admits users with **every one** of that client's roles; others get 403. */
export const RequireClientRole: Guards<RuleDecorator>['requireClientRole'] = guards.requireClientRole
/** Admits tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const RequireScope: Guards<RuleDecorator>['requireScope'] = guards.requireScope
/** Admits tokens with **every one** of the audiences, which the verifier's own `audience` must list as well; others get 401. */
export const RequireAudience: Guards<RuleDecorator>['requireAudience'] = guards.requireAudience
/** Admits users whom a policy allows. */
export const RequirePolicy: Guards<RuleDecorator>['requirePolicy'] = guards.requirePolicy
/**
 * Makes the user available if the request has credentials, and admits it without. Invalid credentials are still refused.
 *
 * On a method it overrides the rules of the class. On a class it opens the methods that have no rule of their own, and
 * overrides the rules of base classes. Next to a rule of the same method or class it has no effect: that rule applies.
 */
export const AllowAnonymous: Guards<RuleDecorator>['allowAnonymous'] = guards.allowAnonymous

/** The verified token of the request, as a parameter; `undefined` for an anonymous request. */
export const User: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => {
    const source = sourceOf(context)
    return source && maybeUserOf(source.holder)
  },
)

/**
 * The user that a guard admitted, from Express' or Fastify's request (in GraphQL the one in the context), or from a
 * gateway's client.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a bug in the program.
 */
export function userOf(request: object): AccessToken {
  const user = maybeUserOf(request)
  if (user !== undefined) return user
  throw noGuard('Put @RequireUser() on the route.')
}

function toDecorator(rule: Rule): RuleDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (name !== undefined && (typeof descriptor?.value !== 'function' || typeof target === 'function'))
      throw new CloakwrightError(
        'CW_CONFIG_INVALID',
        `${placeOf(target, name)}: a decorator of cloakwright guards methods and classes only`,
        { hint: 'Put it on a method of the class, or on the class.' },
      )
    if (!addRule(target, name, rule)) return
    for (const decorate of [UseGuards(CloakwrightGuard), UseFilters(MessageFilter)])
      (decorate as (...place: unknown[]) => void)(target, name, descriptor)
  }
}
