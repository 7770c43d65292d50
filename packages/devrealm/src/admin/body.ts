import { AdminError, badRequest, unforeseen } from './errors.ts'

/**
 * What a representation's member may be. `map` has texts as values, where null takes an entry away;
 * `attributes` has lists of texts; `any` is stored as it comes.
 */
export type Kind =
  | 'string'
  | 'boolean'
  | 'number'
  | 'strings'
  | 'map'
  | 'attributes'
  | 'lists'
  | 'any'
  | Shape<unknown>
  | readonly [Shape<unknown>]

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
  /** What does not fit is answered with 500, and not where it is. */
  readonly opaque?: boolean
  readonly body?: Body
}

type Path = readonly (string | number)[]

const decimal = /^-?\d+$/

/**
 * Reads a JSON body as Keycloak does: unknown members are refused by name and place, texts that hold a number or a
 * boolean are taken as such, null means absent.
 */
export function readBody<Body>(shape: Shape<Body>, text: string): Body {
  try {
    return readPlainly(shape, text)
  } catch (error) {
    if (shape.opaque !== true || !(error instanceof AdminError) || error.status === 500) throw error
    throw new AdminError(500, { error: 'unknown_error', error_description: 'Cannot parse the JSON' })
  }
}

function readPlainly<Body>(shape: Shape<Body>, text: string): Body {
  if (text.trim() === '') {
    if (shape.optional === true) return undefined as Body
    throw unforeseen()
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw badRequest('invalid_request', 'Cannot parse the JSON')
  }
  requireStorable(text, value)
  if (value === null) throw unforeseen()
  if (shape.texts === true) return asList(value).map(asText) as Body
  if (shape.list === true) {
    return asList(value).map((item, index) => asRepresentation(shape, item, text, [index])) as Body
  }
  return asRepresentation(shape, value, text, []) as Body
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

/** How deep lists and objects of valid JSON are nested. */
function depthOf(json: string): number {
  let [depth, most] = [0, 0]
  for (let at = 0; at < json.length; at += 1) {
    const mark = json[at]
    if (mark === '"') {
      at = endOfText(json, at) - 1
    } else if (mark === '[' || mark === '{') {
      depth += 1
      most = Math.max(most, depth)
    } else if (mark === ']' || mark === '}') {
      depth -= 1
    }
  }
  return most
}

/** The place after the text that begins here. */
function endOfText(json: string, from: number): number {
  let end = from + 1
  while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1
  return end + 1
}

function asRepresentation(
  shape: Shape<unknown>,
  value: unknown,
  text: string,
  path: Path,
): Record<string, unknown> {
  const checked: Record<string, unknown> = {}
  for (const [member, given] of Object.entries(asObject(value))) {
    const kind = Object.hasOwn(shape.members, member) ? shape.members[member] : undefined
    const here = [...path, member]
    if (kind === undefined && shape.lenient === true) continue
    if (kind === undefined) throw unrecognized(shape.name, member, text, here)
    if (given !== null) checked[member] = asKind(kind, given, text, here)
  }
  return checked
}

function asKind(kind: Kind, value: unknown, text: string, path: Path): unknown {
  switch (kind) {
    case 'string':
      return asText(value)
    case 'boolean':
      return asBoolean(value)
    case 'number':
      return asNumber(value)
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
    case 'any':
      return value
    default:
      if (!('name' in kind)) {
        return asList(value).map((item, index) => asRepresentation(kind[0], item, text, [...path, index]))
      }
      return asRepresentation(kind, value, text, path)
  }
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrongType()
}

function asBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  if (value === 'true' || value === 'false') return value === 'true'
  throw wrongType()
}

function asNumber(value: unknown): number {
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value === 'string' && decimal.test(value.trim())) return Number(value)
  throw wrongType()
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

function wrongType(): AdminError {
  return badRequest('unknown_error', 'Cannot parse the JSON')
}

function unrecognized(name: string, member: string, text: string, path: Path): AdminError {
  const before = text.slice(0, placeAfter(text, path))
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return badRequest(
    `Invalid json representation for ${name}. Unrecognized field "${member}" at line ${line} column ${column}.`,
  )
}

const space = /\s*/y
const scalar = /[^\s,\]}]*/y

/** Where a reader stands that has just taken the first token of the value under the path. The text is valid JSON. */
function placeAfter(text: string, path: Path): number {
  const skip = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at
    pattern.exec(text)
    return pattern.lastIndex
  }
  const endOfValue = (at: number): number => {
    if (text[at] === '"') return endOfText(text, at)
    if (text[at] !== '{' && text[at] !== '[') return skip(scalar, at)
    let depth = 0
    let end = at
    do {
      if (text[end] === '"') end = endOfText(text, end) - 1
      else if (text[end] === '{' || text[end] === '[') depth += 1
      else if (text[end] === '}' || text[end] === ']') depth -= 1
      end += 1
    } while (depth > 0)
    return end
  }
  let at = skip(space, 0)
  for (const step of path) {
    let index = 0
    at = skip(space, at + 1)
    for (;;) {
      let key: string | number = index
      if (typeof step === 'string') {
        const end = endOfText(text, at)
        key = JSON.parse(text.slice(at, end)) as string
        at = skip(space, skip(space, end) + 1)
      }
      if (key === step) break
      at = skip(space, skip(space, endOfValue(at)) + 1)
      index += 1
    }
  }
  return text[at] === '"' || text[at] === '{' || text[at] === '[' ? at + 1 : skip(scalar, at)
}
