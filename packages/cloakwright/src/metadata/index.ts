/**
 * The realm's metadata. In: the issuer. Out: its endpoints, checked, and JSON fetched from them. Uses http.
 */

export type { Fetch } from '../http/index.ts'
export { checkIssuer, checkUrl, isLoopback, issuerName } from './address.ts'
export { fetchJson, fetchRealm } from './fetch-json.ts'
export {
  createMetadata,
  type Metadata,
  type MetadataOptions,
  type RealmMetadata,
} from './metadata.ts'
