import { AdminError, badRequest } from './errors.ts'
import { depthOf, type Path, placeAfter } from './json-text.ts'

/**
 * What a representation's member may be. `number` has 32 bits, `long` 64; `map` has texts as values, where null takes an entry
 * away; `attributes` and `lists` have lists of texts; `object` is an object, and `json` anything, as it comes. A list has its
 * kind in brackets, a map of others has it as `values`.
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

/** The members of a representation, named as in Keycloak's answers. The type parameter is what a checked body is. */
export interface Shape<Body> {
  readonly name: string
  readonly members: Readonly<Record<string, Kind>>
  /** The body is a list of this representation. */
  readonly list?: boolean
  /** The body is a list of texts. */
  readonly texts?: boolean
  /** The body may be absent. */
  readonly optional?: boolean
  /** Unknown members are passed over. */
  readonly lenient?: boolean
  /** An unknown member is answered with 500, and not with its name. */
  readonly opaque?: boolean
  readonly body?: Body
}

const decimal = /^-?\d+$/

/** Words for the place of a member in what is read. */
type Place = (path: Path) => string

/**
 * Reads a JSON body as Keycloak does: unknown members are refused by name and place, texts that hold a number or a
 * boolean are taken as such, null means absent.
 *
 * @param place Default: line and column of the text.
 */
export function readBody<Body>(shape: Shape<Body>, text: string, place: Place = lineIn(text)): Body {
  try {
    return readPlainly(shape, text, place)
  } catch (error) {
    if (shape.opaque !== true || !(error instanceof AdminError) || 'error_description' in error.body)
      throw error
    throw new AdminError(500, { error: 'unknown_error', error_description: 'Cannot parse the JSON' })
  }
}

function readPlainly<Body>(shape: Shape<Body>, text: string, place: Place): Body {
  if (text.trim() === '') {
    if (shape.optional === true) return undefined as Body
    throw wrongType()
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badRequest('invalid_request', 'Cannot parse the JSON')
  }
  requireStorable(text, value)
  if (shape.texts === true) return asList(value).map(asText) as Body
  if (shape.list === true) {
    return asList(value).map((item, index) => asRepresentation(shape, item, place, [index])) as Body
  }
  return asRepresentation(shape, value, place, []) as Body
}

/** As Jackson's own limit. */
const deepest = 1000

/**
 * Refuses what no database can keep: Keycloak's parser refuses deep nesting, its database NUL; half a surrogate pair is no text.
 *
 * @throws {AdminError} 400
 */
function requireStorable(text: string, value: unknown): void {
  if (depthOf(text) > deepest) throw badRequest('HTTP 400 Bad Request', 'Cannot parse the JSON')
  // Only an escape can say these: that most bodies have none saves the walk.
  if (/\\u(?:0000|d[89a-f])/i.test(text) && !hasStorableTexts(value)) throw wrongType()
}

/** Whether a text is one that every database takes. */
export function isStorable(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text)
}

function hasStorableTexts(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (Array.isArray(value)) return value.every(hasStorableTexts)
  if (!isObject(value)) return true
  return Object.entries(value).every(([name, each]) => isStorable(name) && hasStorableTexts(each))
}

function asRepresentation(
  shape: Shape<unknown>,
  value: unknown,
  place: Place,
  path: Path,
): Record<string, unknown> {
  const checked: Record<string, unknown> = {}
  for (const [member, given] of Object.entries(asObject(value))) {
    const kind = Object.hasOwn(shape.members, member) ? shape.members[member] : undefined
    const here = [...path, member]
    if (kind === undefined && shape.lenient === true) continue
    if (kind === undefined) throw unrecognized(shape.name, member, place(here))
    const value = given === null ? undefined : asKind(kind, given, place, here)
    if (value !== undefined) checked[member] = value
  }
  return checked
}

function asKind(kind: Kind, value: unknown, place: Place, path: Path): unknown {
  if (typeof kind === 'string') return asPlain(kind, value)
  if (isListKind(kind)) {
    return asList(value).map((item, index) => asItem(kind[0], item, place, [...path, index]))
  }
  if ('members' in kind) return asRepresentation(kind, value, place, path)
  if ('values' in kind) {
    const given = Object.entries(asObject(value)).filter(([, each]) => each !== null)
    return Object.fromEntries(
      given.map(([name, each]) => [name, asKind(kind.values, each, place, [...path, name])]),
    )
  }
  if (typeof value === 'string' && kind.oneOf.includes(value)) return value
  throw wrongType()
}

function isListKind(kind: Kind): kind is readonly [Kind] {
  return Array.isArray(kind)
}

/** Where Keycloak takes null into a list it fails later, with 500. */
function asItem(kind: Kind, value: unknown, place: Place, path: Path): unknown {
  const item = asKind(kind, value, place, path)
  if (item === undefined || item === null) throw wrongType()
  return item
}

function asPlain(kind: Extract<Kind, string>, value: unknown): unknown {
  switch (kind) {
    case 'string':
      return asText(value)
    case 'boolean':
      return asBoolean(value)
    case 'number':
      return asNumber(value, 2 ** 31)
    case 'long':
      return asNumber(value, 2 ** 63)
    case 'strings':
      return asList(value).map(asText)
    case 'map':
      return mapValues(asObject(value), (entry) => (entry === null ? null : asText(entry)))
    case 'attributes':
      // Keycloak is lenient here: one text stands for a list of one, anything else for no attributes.
      return isObject(value)
        ? mapValues(value, (entry) => (Array.isArray(entry) ? entry : [entry]).filter(isGiven).map(asText))
        : {}
    case 'lists':
      return mapValues(asObject(value), (entry) => asList(entry).map(asText))
    case 'object':
      return asObject(value)
    case 'json':
      return value
  }
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrongType()
}

/** An empty text stands for nothing, as in all of Java's plain values. */
function asBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  const word = typeof value === 'string' ? value.trim().toLowerCase() : undefined
  if (word === '') return undefined
  if (word === 'true' || word === 'false') return word === 'true'
  throw wrongType()
}

function asNumber(value: unknown, limit: number): number | undefined {
  const word = typeof value === 'string' ? value.trim() : undefined
  if (word === '') return undefined
  const number = word !== undefined && decimal.test(word) ? Number(word) : value
  if (typeof number !== 'number') throw wrongType()
  if (number >= -limit && number < limit) return Math.trunc(number)
  throw badRequest('HTTP 400 Bad Request', 'Cannot parse the JSON')
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw wrongType()
}

function asObject(value: unknown): Record<string, unknown> {
  if (isObject(value)) return value
  throw wrongType()
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined
}

function mapValues<T>(map: Record<string, unknown>, change: (value: unknown) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]))
}

/** 400 as Keycloak answers to a value of a wrong type. */
export function wrongType(): AdminError {
  return badRequest('unknown_error', 'Cannot parse the JSON')
}

function unrecognized(name: string, member: string, place: string): AdminError {
  return badRequest(`Invalid json representation for ${name}. Unrecognized field "${member}" at ${place}.`)
}

function lineIn(text: string): Place {
  return (path) => {
    const before = text.slice(0, placeAfter(text, path))
    const line = before.split('\n').length
    const column = before.length - before.lastIndexOf('\n')
    return `line ${line} column ${column}`
  }
}
