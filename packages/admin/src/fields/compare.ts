import { isObject } from './check.ts'
import { mask } from './mask.ts'

type Values = object | undefined

/** One field of an object that differs. */
export interface FieldChange {
  /** Its place in the object; joined by dots, it is the field's name: `attributes.team`. */
  readonly path: readonly string[]
  readonly before: unknown
  readonly after: unknown
}

/**
 * The declared fields whose values differ from the current ones. Lists are compared as sets: Keycloak gives most of them
 * in no order. Maps are compared by key, so that undeclared keys do not count.
 */
export function fieldChanges(
  wanted: object,
  current: Values,
  prefix: readonly string[] = [],
): readonly FieldChange[] {
  return Object.entries(wanted).flatMap(([field, value]: [string, unknown]): readonly FieldChange[] => {
    const have = own(current, field)
    const path = [...prefix, field]
    if (isObject(value)) return fieldChanges(value, isObject(have) ? have : {}, path)
    return value === undefined || same(value, have) ? [] : [{ path, before: have, after: value }]
  })
}

/** As a change names the field: `attributes.team`. */
export function fieldName({ path }: FieldChange): string {
  return path.join('.')
}

/** The names of the declared fields whose values differ from the current ones. */
export function changedFields(wanted: object, current: Values): string[] {
  return fieldChanges(wanted, current).map(fieldName)
}

/** A secret that differs, or is not there yet: there are only masks of it. */
export function hidden(field: string, isThere: boolean): FieldChange {
  return { path: [field], before: isThere ? mask : undefined, after: mask }
}

/** What is given to an object and was not its own: a role, a group, a client scope. Its name stands for it. */
export function given(names: readonly string[]): readonly FieldChange[] {
  return names.map((name) => ({ path: [name], before: false, after: true }))
}

/** The current values under the declared ones: maps are merged by key, everything else is replaced. */
export function merged(current: Values, wanted: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...current }
  for (const [field, value] of Object.entries(wanted)) {
    if (value === undefined) continue
    const have = result[field]
    result[field] = isObject(value) ? merged(isObject(have) ? have : {}, value) : value
  }
  return result
}

/** What is wanted and not there. */
export function missing(
  wanted: readonly string[] | undefined,
  have: readonly string[] | undefined,
): string[] {
  return (wanted ?? []).filter((each) => !(have ?? []).includes(each))
}

/** The object without some of its fields. */
export function without<T extends object, K extends keyof T>(value: T, ...fields: readonly K[]): Omit<T, K> {
  const left = { ...value }
  for (const field of fields) delete left[field]
  return left
}

/** An attribute may be called `constructor`. */
function own(values: Values, key: string): unknown {
  return values !== undefined && Object.hasOwn(values, key)
    ? (values as Readonly<Record<string, unknown>>)[key]
    : undefined
}

function same(wanted: unknown, have: unknown): boolean {
  // A secret that Keycloak does not show can't be compared; it is written with whatever else changes.
  if (have === mask) return true
  if (have === undefined || have === null) return isEmpty(wanted)
  if (!Array.isArray(wanted)) return wanted === have
  if (!Array.isArray(have) || wanted.length !== have.length) return false
  return sorted(wanted) === sorted(have)
}

/** Keycloak leaves out what is empty. */
function isEmpty(value: unknown): boolean {
  return value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)
}

function sorted(values: readonly unknown[]): string {
  return JSON.stringify(values.map(String).toSorted())
}
