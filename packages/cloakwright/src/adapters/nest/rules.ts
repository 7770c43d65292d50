import { CloakwrightError } from '../../errors.ts'
import type { Rule } from '../../guard/index.ts'
import { allOf, user as anyUser, type Policy } from '../../policy/index.ts'

// The rules that decorators store on classes and methods, and how they combine for one handler.

/** As metadata, so that two copies of this package see each other's rules. */
export const rulesKey = 'cloakwright:rules'

/**
 * Adds a rule to a class, or to a method by its name: another decorator may replace the method's function.
 *
 * @returns Whether it is the first of that class or method.
 */
export function addRule(target: object, name: string | symbol | undefined, rule: Rule): boolean {
  const rules = rulesAt(target, name)
  const all = [...rules, rule]
  if (name === undefined) Reflect.defineMetadata(rulesKey, all, target)
  else Reflect.defineMetadata(rulesKey, all, target, name)
  return rules.length === 0
}

/** In the form `Orders.list`, for messages. */
export function placeOf(target: object, name: string | symbol | undefined): string {
  if (name === undefined) return (target as { readonly name?: string }).name ?? 'A class'
  return `${target.constructor.name}.${String(name)}`
}

/**
 * The rule of a handler: every rule of its method, of the methods that it overrides, of its class and of that class's
 * base classes. `@AllowAnonymous()` overrides the rules further out: on a method, those of the overridden methods and
 * the classes; on a class, those of the base classes. If no other rule remains, anonymous requests are admitted;
 * without any rule, verified users are. Next to a rule that requires a user, on the same method or class, it has no
 * effect: both apply, as in other adapters.
 *
 * @throws {CW_CONFIG_INVALID} The handler is not a method of the class: its rules are unknown.
 */
export function ruleOf(owner: Owner, handler: Handler): Rule {
  const known = effective.get(owner) ?? new WeakMap<Handler, Rule>()
  effective.set(owner, known)
  const rule = known.get(handler) ?? combine(levelsOf(owner, handler))
  known.set(handler, rule)
  return rule
}

/** A method that has rules, its own or those of a method that it overrides. */
export interface RuledMethod {
  readonly name: string | symbol
  readonly place: string
  readonly handler: Handler
}

/** The methods of a class, including inherited ones, that have rules. */
export function ruledMethodsOf({ prototype }: Owner): readonly RuledMethod[] {
  const prototypes = [...chainOf(prototype)]
  const names = new Set(prototypes.flatMap((one) => Reflect.ownKeys(one)))
  return [...names].flatMap((name) => {
    const handler = methodOf(prototypes, name)
    const needed = prototypes.flatMap((one) => rulesAt(one, name)).some(({ anonymous }) => !anonymous)
    return needed && typeof handler === 'function'
      ? [{ name, place: placeOf(prototype ?? {}, name), handler }]
      : []
  })
}

// oxlint-disable-next-line typescript/no-unsafe-function-type -- the type that Nest uses
type Handler = Function
type Owner = Handler & { readonly prototype?: object }
const effective = new WeakMap<Owner, WeakMap<Handler, Rule>>()

function combine(levels: Iterable<readonly Rule[]>): Rule {
  const policies: Policy[] = []
  let freshAfter: number | undefined
  for (const rules of levels) {
    const needed = rules.filter(({ anonymous }) => !anonymous)
    policies.push(...needed.map(({ policy }) => policy))
    freshAfter = minOf([freshAfter, ...needed.map((rule) => rule.freshAfter)])
    if (needed.length > 0 || rules.length === 0) continue
    // Only @AllowAnonymous() remains.
    if (policies.length === 0) return { policy: anyUser(), anonymous: true }
    break
  }
  const [first = anyUser(), ...others] = policies
  return { policy: others.length === 0 ? first : allOf(first, ...others), anonymous: false, freshAfter }
}

function minOf(values: readonly (number | undefined)[]): number | undefined {
  const numbers = values.filter((value) => value !== undefined)
  return numbers.length === 0 ? undefined : Math.min(...numbers)
}

/** The rules from the nearest to the furthest. */
function* levelsOf(owner: Owner, handler: Handler): Iterable<readonly Rule[]> {
  const prototypes = [...chainOf(owner.prototype)]
  for (const name of namesOf(owner, prototypes, handler)) {
    const own = prototypes.findIndex((prototype) => Object.hasOwn(prototype, name))
    for (const [index, prototype] of prototypes.entries()) {
      const rules = rulesAt(prototype, name)
      // A method that overrides another keeps that one's rules; to be open, it needs its own decorator.
      yield index > own ? rules.filter(({ anonymous }) => !anonymous) : rules
    }
  }
  for (const ancestor of chainOf(owner)) yield rulesAt(ancestor, undefined)
}

function namesOf(
  owner: Owner,
  prototypes: readonly object[],
  handler: Handler,
): readonly (string | symbol)[] {
  const names = new Set(prototypes.flatMap((prototype) => Reflect.ownKeys(prototype)))
  const found = [...names].filter((name) => methodOf(prototypes, name) === handler)
  if (found.length > 0) return found
  // Instrumentation may call its own function in the method's place; a constructor may bind the method.
  const own = handler.name.replace(/^(?:bound )+/, '')
  if (names.has(own) && own !== 'constructor') return [own]
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `CloakwrightGuard: the handler "${handler.name}" is not a method of ${owner.name}, so its rules are unknown`,
    { hint: 'Keep the name of the method when another function replaces it.' },
  )
}

function methodOf(prototypes: readonly object[], name: string | symbol): unknown {
  for (const prototype of prototypes) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
    if (descriptor !== undefined) return descriptor.value
  }
  return undefined
}

function* chainOf(start: object | undefined): Iterable<object> {
  for (let one = start ?? null; one !== null; one = Object.getPrototypeOf(one) as object | null)
    if (one !== Object.prototype && one !== Function.prototype) yield one
}

function rulesAt(target: object, name: string | symbol | undefined): readonly Rule[] {
  const rules: unknown =
    name === undefined
      ? Reflect.getOwnMetadata(rulesKey, target)
      : Reflect.getOwnMetadata(rulesKey, target, name)
  return (rules as readonly Rule[] | undefined) ?? []
}
