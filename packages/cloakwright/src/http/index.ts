export { beginningOf } from './bounded-body.ts'
export {
  type BoundedRequest,
  type BoundedResponse,
  type Fetch,
  fetchBounded,
  type UnfitResponse,
  unfitRedirect,
  unlessAborted,
} from './bounded-fetch.ts'
export { isUpgrade } from './upgrade.ts'
