import type { Attributes } from './users.ts'

/** The values of an attribute; safe for names like `constructor`, which every object has. */
export function valuesIn(attributes: Attributes | undefined, name: string): readonly string[] {
  return attributes !== undefined && Object.hasOwn(attributes, name) ? (attributes[name] ?? []) : []
}
