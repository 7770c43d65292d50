import { randomUUID } from 'node:crypto'
import { isForm } from './node-request.ts'
import type { GuardedRequest } from './types.ts'

/**
 * Makes what guards read from a web `Request`. Its `Headers` join fields of one name by a comma, which no token has:
 * two Authorization fields are told by it.
 */
export function fromWebRequest(request: Request, native: unknown = request): GuardedRequest {
  const url = new URL(request.url)
  let id: string | undefined
  return {
    method: request.method,
    target: url.pathname + url.search,
    native,
    fields(name) {
      const value = request.headers.get(name)
      return value === null ? [] : [value]
    },
    async form() {
      if (!isForm(request.headers.get('content-type')) || request.body === null) return undefined
      // Of a copy, since the handler reads the body itself.
      return Object.fromEntries(new URLSearchParams(await request.clone().text()))
    },
    origin: () => url.origin,
    id: () => (id ??= randomUUID()),
  }
}
