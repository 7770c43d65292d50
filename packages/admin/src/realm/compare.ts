import { isObject } from './check.ts'

type Values = object | undefined

/**
 * The declared fields whose values differ from the current ones. Lists are compared as sets: Keycloak gives most of them
 * in no order. Maps are compared by key, so that undeclared keys do not count.
 */
export function changedFields(wanted: object, current: Values, prefix = ''): string[] {
  const have = (current ?? {}) as Readonly<Record<string, unknown>>
  return Object.entries(wanted).flatMap(([field, value]) => {
    if (isObject(value))
      return changedFields(value, isObject(have[field]) ? have[field] : {}, `${prefix}${field}.`)
    return value === undefined || same(value, have[field]) ? [] : [`${prefix}${field}`]
  })
}

/** The values of the declared fields that differ, as they are and as they will be. */
export function changedValues(
  wanted: object,
  current: Values,
): { before: Record<string, unknown>; after: Record<string, unknown> } {
  const have = (current ?? {}) as Readonly<Record<string, unknown>>
  const differing = Object.entries(wanted).filter(
    ([field, value]) => changedFields({ [field]: value }, have).length > 0,
  )
  const values = differing.map(([field, value]) => {
    if (!isObject(value)) return { field, before: have[field], after: value as unknown }
    return { field, ...changedValues(value, isObject(have[field]) ? have[field] : {}) }
  })
  return {
    before: Object.fromEntries(values.map(({ field, before }) => [field, before])),
    after: Object.fromEntries(values.map(({ field, after }) => [field, after])),
  }
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

function same(wanted: unknown, have: unknown): boolean {
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
