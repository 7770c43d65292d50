import { CloakwrightError } from './errors.ts'

/** The types that an option can be checked for. */
export type OptionKind = 'function' | 'object' | 'string' | 'boolean'

/**
 * Checks that a function was called with options, and the type of optional members that are not checked elsewhere. A
 * JavaScript program gets the option's name at start-up instead of a `TypeError` at the first request.
 *
 * @param what The function's name.
 * @param example The minimum options, as written in code.
 * @param kinds Optional members by name: `undefined` fits every type, `null` none.
 * @throws {CW_CONFIG_MISSING} No options.
 * @throws {CW_CONFIG_INVALID} Not an object, or a member of another type.
 * @example
 * ```ts
 * import { requireOptions } from 'cloakwright'
 *
 * export function createShop(options: { readonly name: string; readonly now?: () => number }): string {
 *   requireOptions('createShop', '{ name }', options, { name: 'string', now: 'function' })
 *   return options.name
 * }
 * ```
 */
export function requireOptions(
  what: string,
  example: string,
  options: unknown,
  kinds: Readonly<Record<string, OptionKind>> = {},
): void {
  const hint = `Call ${what}(${example}).`
  if (options === undefined || options === null)
    throw new CloakwrightError('CW_CONFIG_MISSING', `${what}: called without options`, { hint })
  if (typeof options !== 'object' || Array.isArray(options))
    throw new CloakwrightError('CW_CONFIG_INVALID', `${what}: options must be an object`, { hint })
  for (const [name, kind] of Object.entries(kinds)) {
    const value = (options as Record<string, unknown>)[name]
    if (value === undefined || (value !== null && typeof value === kind)) continue
    throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: not ${article(kind)} ${kind}`, {
      hint: `Omit ${name} in ${what}(), or pass ${article(kind)} ${kind}.`,
    })
  }
}

/**
 * Checks that an object, such as a store or a driver's pool, has the functions that will be called.
 *
 * @throws {CW_CONFIG_MISSING} Nothing was given.
 * @throws {CW_CONFIG_INVALID} Something else.
 */
export function requireFunctions(
  name: string,
  value: unknown,
  functions: readonly string[],
  hint: string,
): void {
  if (value === undefined || value === null)
    throw new CloakwrightError('CW_CONFIG_MISSING', `${name} is missing`, { hint })
  const lacks = functions.find((one) => typeof (value as Record<string, unknown>)[one] !== 'function')
  if (lacks === undefined) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: has no function ${lacks}()`, { hint })
}

function article(kind: OptionKind): string {
  return kind === 'object' ? 'an' : 'a'
}
