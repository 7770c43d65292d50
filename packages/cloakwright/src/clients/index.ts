/**
 * Tokens for calling other services. In: a verified user, a session, or nothing for the service itself. Out: an access
 * token, or a request that carries it. Uses provider, token and session.
 */

export type { ClientKey, CredentialOptions } from '../provider/index.ts'
export { type ApiClient, createApiClient } from './api-client.ts'
export type { ApiCaller, ApiRequest } from './caller.ts'
export type { ApiClientOptions } from './options.ts'
