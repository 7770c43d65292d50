/**
 * The kinds of a member. `number` has 32 bits, `long` 64; `map` has strings as values, and null removes an entry; `attributes`
 * and `lists` have lists of strings; `object` is an object, and `json` any value, unchanged. A list has its kind in brackets, a
 * map of others has it as `values`.
 */
export type Kind =
  | 'string'
  | 'boolean'
  | 'number'
  | 'long'
  | 'strings'
  | 'map'
  | 'attributes'
  | 'lists'
  | 'object'
  | 'json'
  | Shape<unknown>
  | readonly [Kind]
  | { readonly values: Kind }
  | { readonly oneOf: readonly string[] }

/** The members of a representation, named as in Keycloak's responses. The type parameter is the type of a checked body. */
export interface Shape<Body> {
  readonly name: string
  readonly members: Readonly<Record<string, Kind>>
  /** The body is a list of this representation. */
  readonly list?: boolean
  /** The body is a list of strings. */
  readonly texts?: boolean
  /** The body may be absent. */
  readonly optional?: boolean
  /** Unknown members are ignored. */
  readonly lenient?: boolean
  /** An unknown member causes 500, without its name. */
  readonly opaque?: boolean
  readonly body?: Body
}

/** Names of members by their kind. */
type Members = Partial<Record<Extract<Kind, string>, string>>

/** The shape of a representation: names of members by their kind, separated by spaces. */
export function shape<Body>(name: string, members: Members, more: Record<string, Kind> = {}): Shape<Body> {
  const kinds = Object.entries(members).flatMap(([kind, names]: [string, string]) =>
    names.split(/\s+/).map((member) => [member, kind] as const),
  )
  return { name, members: { ...Object.fromEntries(kinds), ...more } as Record<string, Kind> }
}

/** The body is a list of the representation. */
export function listOf<Body>(item: Shape<Body>, optional = false): Shape<Body[]> {
  return { name: item.name, members: item.members, list: true, optional }
}

/** A list of strings. */
export const textListShape: Shape<string[]> = { name: 'List', members: {}, texts: true }

/** Accepts any body and ignores it. */
export const nothing: Shape<undefined> = { name: 'nothing', members: {}, optional: true }

/** The members that a type names, all optional: an index signature would swallow them. */
export type Known<T> = { [K in keyof T as string extends K ? never : K]?: T[K] }
