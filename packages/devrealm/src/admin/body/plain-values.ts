import { badRequest, wrongType } from '../errors.ts'
import type { Kind } from './shape.ts'

const decimal = /^-?\d+$/

/** The value converted to its kind; undefined if it cannot be. */
export function asPlain(kind: Extract<Kind, string>, value: unknown): unknown {
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
      // Keycloak is lenient here: a string counts as a list of one, anything else as no attributes.
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

export function asText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw wrongType()
}

/** An empty string means absent, as for all plain values in Java. */
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

export function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw wrongType()
}

export function asObject(value: unknown): Record<string, unknown> {
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
