/**
 * Requests with limits. In: a URL and limits of time and size. Out: the response or a `CloakwrightError`. Uses no
 * other folder; all requests to the realm use it.
 */

export { beginningOf, wholeBody } from './bounded-body.ts'
export {
  type BoundedRequest,
  type BoundedResponse,
  type Fetch,
  fetchBounded,
  type UnfitResponse,
  unfitRedirect,
  unlessAborted,
} from './bounded-fetch.ts'
export { isNavigation, isPageRequest } from './page-request.ts'
export { parseUrl } from './parse-url.ts'
export { isUpgrade } from './upgrade.ts'
