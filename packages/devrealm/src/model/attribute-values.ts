import type { Attributes } from './users.ts'

/** The values of an attribute, which may be called `constructor`: what every object has is none. */
export function valuesIn(attributes: Attributes | undefined, name: string): readonly string[] {
  return attributes !== undefined && Object.hasOwn(attributes, name) ? (attributes[name] ?? []) : []
}
