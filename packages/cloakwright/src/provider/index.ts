/**
 * Requests to the realm as its client, with openid-client: authentication, limits, outages. Uses metadata and http;
 * session and clients use it.
 */

export { type CredentialOptions, checkCredential } from './client-credential.ts'
export type { ClientKey } from './client-key.ts'
export { createOutage, type Outage } from './outage.ts'
export { isClientRefused, isOutage, plain, quoted, unavailable } from './provider-error.ts'
export { createRealmClient, type RealmClient, type RealmClientConfig } from './realm-client.ts'
