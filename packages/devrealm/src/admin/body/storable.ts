import { badRequest, wrongType } from '../errors.ts'
import { depthOf } from './json-text.ts'
import { isObject } from './plain-values.ts'

/** As Jackson's own limit. */
const deepest = 1000

/**
 * Rejects what no database can store: deep nesting, NUL and half of a surrogate pair.
 *
 * @throws {AdminError} 400
 */
export function requireStorable(text: string, value: unknown): void {
  if (depthOf(text) > deepest) throw badRequest('HTTP 400 Bad Request', 'Cannot parse the JSON')
  // Only an escape can produce these. Most bodies have none and need no check.
  if (/\\u(?:0000|d[89a-f])/i.test(text) && !hasStorableTexts(value)) throw wrongType()
}

/** Whether every database can store the string. */
export function isStorable(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text)
}

function hasStorableTexts(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (Array.isArray(value)) return value.every(hasStorableTexts)
  if (!isObject(value)) return true
  return Object.entries(value).every(([name, each]) => isStorable(name) && hasStorableTexts(each))
}
