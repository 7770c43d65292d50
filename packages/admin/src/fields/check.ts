import { mask } from './mask.ts'

/** A problem with a value, and its JSON path. */
export interface Problem {
  readonly path: string
  readonly reason: string
}

/** Adds the problems of a value to the list. */
export type Check = (value: unknown, path: string, problems: Problem[]) => void

/** A check for every field of T: a field that is added to the type and not to the table does not compile. */
export type Fields<T> = { readonly [K in keyof T]-?: Check }

const tell = (problems: Problem[], path: string, reason: string): void => {
  problems.push({ path, reason })
}

export const flag: Check = (value, path, problems) => {
  if (typeof value !== 'boolean') tell(problems, path, 'must be true or false')
}

export const count: Check = (value, path, problems) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    tell(problems, path, 'must be a whole number, 0 or more')
}

export const text: Check = (value, path, problems) => {
  if (typeof value !== 'string') tell(problems, path, 'must be a string')
}

export const name: Check = (value, path, problems) => {
  if (typeof value !== 'string' || value.trim() === '') tell(problems, path, 'must be a non-empty string')
}

export const secret: Check = (value, path, problems) => {
  if (typeof value !== 'string' || value === '') tell(problems, path, 'must be a non-empty string')
  else if (value === mask)
    tell(problems, path, 'is the mask that Keycloak shows instead of the secret; give the secret itself')
}

export function oneOf(...values: readonly string[]): Check {
  return (value, path, problems) => {
    if (!values.includes(value as string)) tell(problems, path, `must be one of ${values.join(', ')}`)
  }
}

/** A list, in which no two items have the same key: themselves, or one of their fields. */
export function list(item: Check, key?: string): Check {
  return (value, path, problems) => {
    if (!Array.isArray(value)) return tell(problems, path, 'must be a list')
    const seen = new Set<unknown>()
    for (const [index, each] of value.entries()) {
      const at = `${path}[${index}]`
      item(each, at, problems)
      const id = key === undefined ? each : (each as Record<string, unknown> | null)?.[key]
      if (id !== undefined && typeof id !== 'object' && seen.has(id))
        tell(problems, key === undefined ? at : `${at}.${key}`, 'is a duplicate')
      seen.add(id)
    }
  }
}

export function map(item: Check): Check {
  return (value, path, problems) => {
    if (!isObject(value)) return tell(problems, path, 'must be an object')
    for (const [key, each] of Object.entries(value)) {
      // The one name that assigning can't add to an object.
      if (key === '__proto__') tell(problems, join(path, key), 'is a reserved name; use another name')
      else item(each, join(path, key), problems)
    }
  }
}

export function object<T extends object>(
  fields: Fields<T>,
  required: readonly (keyof T & string)[] = [],
): Check {
  const checks = fields as Readonly<Record<string, Check>>
  return (value, path, problems) => {
    if (!isObject(value)) return tell(problems, path, 'must be an object')
    for (const [key, each] of Object.entries(value)) {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined
      if (check === undefined) tell(problems, join(path, key), 'is an unknown field')
      else if (each !== undefined) check(each, join(path, key), problems)
    }
    for (const key of required) if (value[key] === undefined) tell(problems, join(path, key), 'is missing')
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function join(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
}
