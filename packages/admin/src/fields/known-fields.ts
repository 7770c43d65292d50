import { CloakwrightError } from 'cloakwright'
import { isObject } from './check.ts'

/** All fields of a type: one that is added to the type and not to the table does not compile. */
export type Known<T> = { readonly [K in keyof T]-?: true }

/**
 * Refuses unknown fields. TypeScript finds them by type; in JavaScript a misspelled field would be silently ignored.
 *
 * @param instead What to write in place of fields that are easily taken for others, by name.
 * @throws {CW_CONFIG_INVALID} by the names of the fields
 */
export function requireKnown<T extends object>(
  what: string,
  given: T,
  known: Known<T>,
  instead: Readonly<Record<string, string>> = {},
): void {
  const names = Object.keys(known)
  const fields = `Known fields: ${names.join(', ')}.`
  if (!isObject(given))
    throw new CloakwrightError('CW_CONFIG_INVALID', `${what} needs an object`, { hint: fields })
  const unknown = Object.entries(given)
    .filter(([name, value]) => value !== undefined && !Object.hasOwn(known, name))
    .map(([name]) => name)
  if (unknown.length === 0) return
  const others = unknown.filter((name) => Object.hasOwn(instead, name))
  throw new CloakwrightError('CW_CONFIG_INVALID', `${what}: unknown field ${unknown.join(', ')}`, {
    hint: [fields, ...others.map((name) => `Instead of ${name}, use ${instead[name]}.`)].join(' '),
  })
}

/** Options that every job with a file of users takes. */
export const jobOptions = {
  journal: true,
  rejected: true,
  dryRun: true,
  signal: true,
  onProgress: true,
} as const
