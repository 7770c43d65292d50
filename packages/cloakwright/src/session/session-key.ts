import { sha256 } from '../sealing.ts'
import type { Cookies } from './cookies.ts'
import type { SessionRequest } from './types.ts'

const maxKnown = 10_000

/**
 * Creates a function that returns the key of a request's session in the store. It remembers the keys of the latest cookies,
 * since to hash one costs several times as much as to find it. It does not remember whole Cookie headers: they are longer, and
 * a lookup reads all of it twice.
 */
export function createSessionKeys(cookies: Cookies): (request: SessionRequest) => string | undefined {
  const known = new Map<string, string>()
  return (request) => {
    const value = cookies.readSession(request)
    if (value === undefined) return undefined
    const found = known.get(value)
    if (found !== undefined) return found
    const key = sha256(value)
    if (known.size >= maxKnown) known.clear()
    known.set(value, key)
    return key
  }
}
