import { CloakwrightError } from '../../errors.ts'
import { isPromise } from '../../promise.ts'
import { ambiguous } from './credentials.ts'
import type { GuardedRequest } from './guarded-request.ts'

/** RFC 6750 §2: a client sends its token in one way only, so a second one in the URL or in a form is refused. */
export function refuseSecondToken(request: GuardedRequest): void | Promise<void> {
  if (hasTokenInQuery(request.target))
    throw ambiguous('in the Authorization header and in the URL (access_token)')
  const { method } = request
  if (method === 'GET' || method === 'HEAD') return undefined
  const form = request.form()
  return isPromise(form) ? form.then(refuseTokenIn) : refuseTokenIn(form)
}

function refuseTokenIn(form: unknown): void {
  if (typeof form === 'object' && form !== null && Object.hasOwn(form, 'access_token'))
    throw ambiguous('in the Authorization header and in the form (access_token)')
}

/** Whether the URL has a token, which is never read. */
function hasTokenInQuery(target: string): boolean {
  const query = target.indexOf('?')
  return query !== -1 && new URLSearchParams(target.slice(query + 1)).has('access_token')
}

/** The refusal of a request without credentials. */
export function nothingGiven(request: GuardedRequest): CloakwrightError {
  const hint = hasTokenInQuery(request.target)
    ? 'Send Authorization: Bearer TOKEN. A token in the URL is not read, because logs contain URLs.'
    : 'Send Authorization: Bearer TOKEN'
  return new CloakwrightError('CW_TOKEN_MISSING', 'Request: no bearer token and no session', { hint })
}
