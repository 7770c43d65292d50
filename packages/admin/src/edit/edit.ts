import { isDeepStrictEqual } from 'node:util'
import { CloakwrightError } from 'cloakwright'
import { isObject, mask } from '../fields/index.ts'

/**
 * What should be different about an object, and nothing else.
 *
 * - A field that is absent or `undefined` stays as it is; so does one that is `**********`, Keycloak's mask for a secret.
 * - A map (`attributes`) is merged by key: keys that are absent or `undefined` stay, a key that is `null` is removed.
 * - `null` empties a text, a list or a whole map.
 * - Everything else is replaced; lists are compared without regard to their order.
 */
export type Edit<T> = {
  readonly [K in keyof T]?: (K extends 'attributes' ? Attributes : T[K]) | null | undefined
}

type Attributes = Readonly<Record<string, readonly string[] | string | null | undefined>>

/** An edit of a representation without the fields that its PUT ignores. */
export type EditWithout<T, Fixed extends object> = Edit<Omit<T, keyof Fixed>>

/** One field that an edit changes, or one key of a map. */
export interface Difference {
  readonly field: string
  readonly key?: string
  readonly before: unknown
  /** `undefined`: a key that is removed. */
  readonly after: unknown
}

/** What an edit changes about an object as it is. */
export function differences(current: object, edit: object): Difference[] {
  return Object.entries(edit).flatMap(([field, wanted]): Difference[] => {
    if (wanted === undefined || wanted === mask) return []
    const before = own(current, field)
    if (isObject(wanted) || (wanted === null && isObject(before)))
      return memberDifferences(field, isObject(before) ? before : {}, wanted)
    const after = wanted === null ? emptied(field, before) : wanted
    return same(before, after) ? [] : [{ field, before, after }]
  })
}

/** The value of what a difference is about, in an object of the same kind. */
export function valueAt(object: object, { field, key }: Difference): unknown {
  const value = own(object, field)
  if (key === undefined) return value
  return isObject(value) ? own(value, key) : undefined
}

/** The fields to write: a map that differs is whole, as it is now under what differs. */
export function wholeFields(current: object, changes: readonly Difference[]): Record<string, unknown> {
  return Object.fromEntries(
    changes.map(({ field, key, after }) => {
      if (key === undefined) return [field, after]
      const ofField = changes.filter((each) => each.field === field)
      const before = own(current, field)
      const kept = Object.entries(isObject(before) ? before : {}).filter(
        ([name]) => !ofField.some((each) => each.key === name),
      )
      const set = ofField.flatMap((each) => (each.after === undefined ? [] : [[each.key, each.after]]))
      return [field, Object.fromEntries([...kept, ...set]) as unknown]
    }),
  )
}

/** As a change names it: `enabled`, `attributes.team`. */
export function nameOf({ field, key }: Difference): string {
  return key === undefined ? field : `${field}.${key}`
}

/** Values by field, without those that are or may be secrets. */
export function shown(
  changes: readonly Difference[],
  side: 'before' | 'after',
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    changes.flatMap((each) => (isSecret(each) ? [] : [[nameOf(each), each[side] ?? null]])),
  )
}

/** An object that was created or deleted, without what is or may be a secret, at the top or in a map. */
export function visible(object: object): Readonly<Record<string, unknown>> {
  const kept = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
    Object.fromEntries(entries.filter(([name, value]) => value !== undefined && !isSecret({ field: name })))
  const members = Object.entries(object).map(
    ([field, value]: [string, unknown]) =>
      [field, isObject(value) ? kept(Object.entries(value)) : value] as const,
  )
  return kept(members)
}

/**
 * Whether two values mean the same to Keycloak, which leaves out what is empty, keeps most lists in no order, and gives
 * numbers and flags of maps back as strings.
 */
export function same(one: unknown, other: unknown): boolean {
  return covers(one, other) && covers(other, one)
}

/** Whether a value has all of another one: Keycloak adds ids and defaults to what it is given. */
export function covers(value: unknown, wanted: unknown): boolean {
  if (isEmpty(value) && isEmpty(wanted)) return true
  if (isScalar(value) && isScalar(wanted)) return String(value) === String(wanted)
  if (Array.isArray(value) && Array.isArray(wanted)) return coversList(value, wanted)
  if (!isObject(value) || !isObject(wanted)) return false
  return Object.entries(wanted).every(([key, each]) => covers(own(value, key), each))
}

function memberDifferences(field: string, before: object, wanted: object | null): Difference[] {
  const members = wanted ?? Object.fromEntries(Object.keys(before).map((key) => [key, null]))
  return Object.entries(members).flatMap(([key, member]: [string, unknown]): Difference[] => {
    if (member === undefined || member === mask) return []
    const have = own(before, key)
    const after = member === null ? undefined : member
    return same(have, after) ? [] : [{ field, key, before: have, after }]
  })
}

function emptied(field: string, before: unknown): unknown {
  if (before === undefined || before === null || typeof before === 'string') return ''
  if (Array.isArray(before)) return []
  throw new CloakwrightError('CW_ADMIN_REFUSED', `The field ${field} cannot be set to null`, {
    hint: 'Give the value to set. null clears strings, lists and maps only.',
  })
}

const secretNames = /^(?:.*[._-])?(?:secret|password|credentials?|clientSecret|registrationAccessToken)$/i

function isSecret({ field, key = field }: Pick<Difference, 'field' | 'key'>): boolean {
  return secretNames.test(key) || key.startsWith('client.secret.')
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (isObject(value)) return Object.keys(value).length === 0
  return value === undefined || value === null || value === '' || value === 0 || value === false
}

/** A string, a number or a flag. */
export function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function coversList(values: readonly unknown[], wanted: readonly unknown[]): boolean {
  if (values.length !== wanted.length) return false
  if (values.every(isScalar) && wanted.every(isScalar))
    return isDeepStrictEqual(values.map(String).toSorted(), wanted.map(String).toSorted())
  const left = [...values]
  return wanted.every((each) => {
    const at = left.findIndex((value) => covers(value, each))
    if (at !== -1) left.splice(at, 1)
    return at !== -1
  })
}

/** An attribute may be called `constructor`. */
function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Readonly<Record<string, unknown>>)[key] : undefined
}
