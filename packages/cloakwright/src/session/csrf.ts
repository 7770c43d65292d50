import { CloakwrightError } from '../errors.ts'
import { isUpgrade } from '../http/index.ts'
import type { SessionRequest } from './types.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const formTypes = new Set(['application/x-www-form-urlencoded', 'multipart/form-data'])

/**
 * Accepts a state-changing browser request only with proof that one of our pages sent it. The proof is Sec-Fetch-Site,
 * or the Origin if a browser does not send it. A request that is not a form must also have the header `X-CSRF: 1`. No
 * form can send it. A script on another site needs a CORS preflight for it, which is not answered. A WebSocket is a GET
 * that any page may send with the cookie, and any page can read the response. Only its Origin identifies the page (RFC
 * 6455 §10.2), so it is required.
 *
 * @throws {CW_SESSION_ORIGIN}
 */
export function requireSameOrigin(request: SessionRequest, publicOrigin: string): void {
  const { headers } = request
  if (isUpgrade(request.method, headers.get('upgrade'))) {
    if (headers.get('origin') === publicOrigin) return
    throw new CloakwrightError(
      'CW_SESSION_ORIGIN',
      'The WebSocket has a session cookie, but its Origin is not this service',
      {
        hint: `Open it from a page on ${publicOrigin}: browsers add Origin themselves. Other clients send a bearer token instead of a cookie.`,
      },
    )
  }
  if (safeMethods.has(request.method)) return
  if (!isSameOrigin(request, publicOrigin))
    throw new CloakwrightError(
      'CW_SESSION_ORIGIN',
      'The request changes data, but does not come from a page of this service',
      {
        hint: `Send it from a page on ${publicOrigin}: browsers add Origin and Sec-Fetch-Site themselves. A program sends a bearer token instead of a cookie.`,
      },
    )
  if (!isForm(request) && headers.get('x-csrf') !== '1')
    throw new CloakwrightError('CW_SESSION_ORIGIN', 'The request has no header X-CSRF: 1', {
      hint: 'Add it to every fetch that changes data. Forms do not need it.',
    })
}

/** Whether the browser says that a page of this service sent the request. */
export function isSameOrigin({ headers }: SessionRequest, publicOrigin: string): boolean {
  const site = headers.get('sec-fetch-site')
  return site === null ? headers.get('origin') === publicOrigin : site === 'same-origin'
}

function isForm({ method, headers }: SessionRequest): boolean {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  return method === 'POST' && formTypes.has(type.trim().toLowerCase())
}
