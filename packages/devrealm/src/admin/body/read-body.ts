import { AdminError, badRequest, wrongType } from '../errors.ts'
import { type Path, placeAfter } from './json-text.ts'
import { asList, asObject, asPlain, asText } from './plain-values.ts'
import type { Kind, Shape } from './shape.ts'
import { requireStorable } from './storable.ts'

/** Describes the place of a member in the input. */
type Place = (path: Path) => string

/**
 * Reads a JSON body as Keycloak does: it rejects unknown members by name and place, accepts strings that hold a number or a
 * boolean, and treats null as absent.
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

/** Where Keycloak accepts null in a list, it fails later with 500. */
function asItem(kind: Kind, value: unknown, place: Place, path: Path): unknown {
  const item = asKind(kind, value, place, path)
  if (item === undefined || item === null) throw wrongType()
  return item
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
