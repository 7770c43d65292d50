import { CloakwrightError } from '../../errors.ts'
import { allOf, user as anyUser, type Policy } from '../../policy/index.ts'

// The rules that decorators leave on classes and methods, and what they come to for one handler.

/** What one decorator asks for. */
export interface Rule {
  readonly policy: Policy
  readonly anonymous: boolean
}

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

/** Reads as `Orders.list`, for messages. */
export function placeOf(target: object, name: string | symbol | undefined): string {
  if (name === undefined) return (target as { readonly name?: string }).name ?? 'A class'
  return `${target.constructor.name}.${String(name)}`
}

/**
 * What a handler needs: every rule of its method, of the methods that it overrides, of its class and of that one's base
 * classes. `@AllowAnonymous()` lifts what is further out: on a method, of the overridden methods and classes; on a class,
 * of the base classes. Where no rule is left, it lets in anonymous requests; without any, verified users are let in.
 * Beside a rule that asks for a user, on the same method or class, it has no effect: both hold, as in other adapters.
 *
 * @throws {CW_CONFIG_INVALID} The handler is no method of the class: its rules are not known.
 */
export function ruleOf(owner: Owner, handler: Handler): Rule {
  const known = effective.get(owner) ?? new WeakMap<Handler, Rule>()
  effective.set(owner, known)
  const rule = known.get(handler) ?? combine(levelsOf(owner, handler))
  known.set(handler, rule)
  return rule
}

/** A method that has rules, of its own or of one that it overrides. */
export interface RuledMethod {
  readonly name: string | symbol
  readonly place: string
  readonly handler: Handler
}

/** The methods of a class, inherited ones too, that have rules. */
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

// oxlint-disable-next-line typescript/no-unsafe-function-type -- as Nest has it
type Handler = Function
type Owner = Handler & { readonly prototype?: object }
const effective = new WeakMap<Owner, WeakMap<Handler, Rule>>()

function combine(levels: Iterable<readonly Rule[]>): Rule {
  const policies: Policy[] = []
  for (const rules of levels) {
    const needed = rules.filter(({ anonymous }) => !anonymous).map(({ policy }) => policy)
    policies.push(...needed)
    if (needed.length > 0 || rules.length === 0) continue
    // What is left is @AllowAnonymous() alone.
    if (policies.length === 0) return { policy: anyUser(), anonymous: true }
    break
  }
  const [first = anyUser(), ...others] = policies
  return { policy: others.length === 0 ? first : allOf(first, ...others), anonymous: false }
}

/** The rules from the nearest to the furthest. */
function* levelsOf(owner: Owner, handler: Handler): Iterable<readonly Rule[]> {
  const prototypes = [...chainOf(owner.prototype)]
  for (const name of namesOf(owner, prototypes, handler)) {
    const own = prototypes.findIndex((prototype) => Object.hasOwn(prototype, name))
    for (const [index, prototype] of prototypes.entries()) {
      const rules = rulesAt(prototype, name)
      // A method that overrides another keeps what that one needs; to be open it must say so itself.
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
  // What instruments instances calls a function of its own in the method's place; a constructor may bind the method.
  const own = handler.name.replace(/^(?:bound )+/, '')
  if (names.has(own) && own !== 'constructor') return [own]
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `CloakwrightGuard: the handler "${handler.name}" is no method of ${owner.name}, so its rules are not known`,
    { hint: 'What replaces a method must keep its name.' },
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
