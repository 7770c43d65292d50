import { sha256 } from '../sealing.ts'
import type { Cookies } from './cookies.ts'
import type { SessionRequest } from './types.ts'

const maxKnown = 10_000
const maxLength = 512

/**
 * Creates a function that returns the key of a request's session in the store. It remembers the latest Cookie headers: to
 * search and hash one costs more than all other work for a cached session.
 */
export function createSessionKeys(cookies: Cookies): (request: SessionRequest) => string | undefined {
  const known = new Map<string, string>()
  return (request) => {
    const header = request.headers.get('cookie')
    if (header === null) return undefined
    const found = known.get(header)
    if (found !== undefined) return found
    const value = cookies.readSession(request)
    if (value === undefined) return undefined
    const key = sha256(value)
    if (header.length > maxLength) return key
    if (known.size >= maxKnown) known.clear()
    known.set(header, key)
    return key
  }
}
