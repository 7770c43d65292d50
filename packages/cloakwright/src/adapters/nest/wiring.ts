import { ApplicationConfig, ModulesContainer } from '@nestjs/core'
import { CloakwrightError } from '../../errors.ts'
import { CloakwrightGuard } from './guard.ts'
import { ruledMethodsOf, rulesKey } from './rules.ts'

// Finds rules for which Nest would never call the guard, at start-up: otherwise they would silently have no effect.

/** Metadata keys of Nest and its packages, by the kind of handler that they mark. */
const guardsKey = '__guards__'
const fieldResolverKey = 'graphql:resolve_property'
const handlerKeys = ['path', 'message', 'graphql:resolver_type', fieldResolverKey]
/** Where Nest finds the options of GraphQLModule. */
const graphqlOptions = 'GqlModuleOptions'

/**
 * Checks that the guard runs for every handler with rules.
 *
 * @throws {CW_CONFIG_INVALID} It does not run for one: the message names it.
 */
export function checkWiring(modules: ModulesContainer, config: ApplicationConfig): void {
  const guardsAll = config.getGlobalGuards().some((guard) => guard instanceof CloakwrightGuard)
  const guardsFields = graphqlOptionsOf(modules).every((options) => options.includes('guards'))
  for (const { type, controller } of typesOf(modules))
    for (const { name, place, handler } of ruledMethodsOf(type)) {
      if (!handlerKeys.some((key) => Reflect.hasMetadata(key, handler))) {
        if (isMarked(type, name, handler)) continue
        throw notAsked(
          place,
          'it is not a route, resolver or message, and Nest calls guards for those only',
          'Put the rule on the handlers that call it. Guard the connections of a gateway with cloakwright/websocket.',
        )
      }
      if (Reflect.hasMetadata(fieldResolverKey, handler) && !guardsFields)
        throw notAsked(
          place,
          'Nest runs no guards on field resolvers',
          'Set fieldResolverEnhancers: ["guards"] in the options of GraphQLModule.',
        )
      // For a controller, Nest calls the function of the instance: a bound function has none of the method's guards.
      const called = controller?.[name] ?? handler
      if (!guardsAll && !hasGuard(type) && ![handler, called].every(hasGuard))
        throw notAsked(
          place,
          'something replaced the method, such as another decorator or bind() in the constructor, or it overrides one with rules',
          'Put the decorators of cloakwright on top, on each method or on the class, or provide CloakwrightGuard as APP_GUARD.',
        )
    }
}

function* typesOf(modules: ModulesContainer): Iterable<{ type: Type; controller?: Instance }> {
  for (const { controllers, providers } of modules.values()) {
    for (const { metatype, instance } of controllers.values())
      if (isType(metatype)) yield { type: metatype, controller: instance as Instance }
    for (const { metatype } of providers.values()) if (isType(metatype)) yield { type: metatype }
  }
}

function isType(metatype: unknown): metatype is Type {
  return typeof metatype === 'function' && typeof metatype.prototype === 'object'
}

type Instance = Readonly<Record<string | symbol, unknown>>

// oxlint-disable-next-line typescript/no-unsafe-function-type -- the type that Nest uses
type Type = Function & { readonly prototype: object }

/** Metadata keys that do not make a method a handler. */
const plainKeys: ReadonlySet<unknown> = new Set([
  guardsKey,
  '__exceptionFilters__',
  '__pipes__',
  '__interceptors__',
  rulesKey,
])

/** Whether the method's metadata may make it a handler of another package; a method that overrides a handler needs no rule. */
function isMarked({ prototype }: Type, name: string | symbol, handler: object): boolean {
  if (!hasGuard(handler)) return true
  const keys = [...Reflect.getMetadataKeys(handler), ...Reflect.getMetadataKeys(prototype, name)]
  return keys.some((key) => !plainKeys.has(key) && !String(key).startsWith('design:'))
}

function hasGuard(target: unknown): boolean {
  const guards = (Reflect.getMetadata(guardsKey, target as object) ?? []) as readonly unknown[]
  return guards.some(
    (guard) =>
      guard instanceof CloakwrightGuard ||
      guard === CloakwrightGuard ||
      (typeof guard === 'function' && guard.prototype instanceof CloakwrightGuard),
  )
}

/** The kinds of enhancers (guards, filters, interceptors) that run on field resolvers, for each GraphQLModule. */
function graphqlOptionsOf(modules: ModulesContainer): (readonly unknown[])[] {
  return [...modules.values()].flatMap(({ providers }) => {
    const options: unknown = providers.get(graphqlOptions)?.instance
    if (typeof options !== 'object' || options === null) return []
    return [(options as { fieldResolverEnhancers?: readonly unknown[] }).fieldResolverEnhancers ?? []]
  })
}

function notAsked(place: string, why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${place}: its rules would have no effect: ${why}`, {
    hint,
  })
}
