export { checkIssuer, checkUrl, isLoopback } from './address.ts'
export { type BoundedAnswer, type Fetch, fetchBounded, fetchJson, unlessAborted } from './fetch-json.ts'
export {
  createMetadata,
  type DiscoveryDocument,
  type Metadata,
  type MetadataOptions,
  type RealmMetadata,
} from './metadata.ts'
