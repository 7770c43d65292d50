import { isDeepStrictEqual } from 'node:util'
import { type Check, type Fields, isObject, mask, masked, type Problem } from '../../fields/index.ts'

/** Collects what an export leaves out: one line each, without values. */
export class Notes {
  readonly lines: string[] = []

  add(title: string, reason: string): void {
    this.lines.push(`${title}: ${reason}`)
  }

  /** Whether a definition may have this value; if not, it is noted. */
  accepts(title: string, check: Check, value: unknown, path: string): boolean {
    const problems: Problem[] = []
    check(value, path, problems)
    for (const problem of problems) this.add(title, `${problem.path} ${problem.reason}`)
    return problems.length === 0
  }

  /** The fields of an object that a definition knows, in alphabetical order, as they are. */
  fieldsOf<T extends object>(title: string, fields: Partial<Fields<T>>, live: object): Partial<T> {
    const have = live as Readonly<Record<string, unknown>>
    const entries = Object.entries(fields as Readonly<Record<string, Check>>)
      .filter(([field]) => have[field] !== undefined && have[field] !== null)
      .map(([field, check]) => [field, check, this.#inOrder(title, field, have[field])] as const)
      .filter(([field, check, value]) => this.accepts(title, check, value, field))
    return Object.fromEntries(
      entries.map(([field, , value]) => [field, value] as const).toSorted(byName),
    ) as Partial<T>
  }

  /** A map in the order of its keys, without those that may hold a secret. */
  map<T>(title: string, field: string, values: Readonly<Record<string, T>>): Record<string, T> {
    const entries = Object.entries(values).filter(([key, value]) => {
      // What Keycloak keeps about the live secret belongs to it.
      if (value === null || value === undefined || key.startsWith('client.secret.')) return false
      if (!mayBeSecret(key, value)) return true
      this.add(title, `${field}.${key} (may be a secret)`)
      return false
    })
    return Object.fromEntries(entries.toSorted(byName))
  }

  #inOrder(title: string, field: string, value: unknown): unknown {
    if (isObject(value)) return this.map(title, field, value)
    const isNames = Array.isArray(value) && value.every((each) => typeof each === 'string')
    return isNames ? value.toSorted() : value
  }
}

/** By code unit: the same on every machine. */
export function byName(
  [one]: readonly [string, ...unknown[]],
  [other]: readonly [string, ...unknown[]],
): number {
  return one < other ? -1 : one > other ? 1 : 0
}

/** Objects in the order of one of their fields. */
export function sortedBy<T>(objects: readonly T[], nameOf: (each: T) => string | undefined): T[] {
  return objects
    .map((each) => [nameOf(each) ?? '', each] as const)
    .toSorted(byName)
    .map(([, each]) => each)
}

/** The object without what is undefined or empty. */
export function present<T extends object>(object: T): T {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([, value]: [string, unknown]) =>
        value !== undefined && !(isObject(value) && Object.keys(value).length === 0),
    ),
  ) as T
}

function mayBeSecret(key: string, value: unknown): boolean {
  if (value === 'true' || value === 'false') return false
  if (value === mask) return true
  return !isDeepStrictEqual(masked({ [key]: value }), { [key]: value })
}
