export { checkIssuer, checkUrl, isLoopback } from './address.ts'
export { type Fetch, fetchJson } from './fetch-json.ts'
export {
  createMetadata,
  type DiscoveryDocument,
  type Metadata,
  type MetadataOptions,
  type RealmMetadata,
} from './metadata.ts'
