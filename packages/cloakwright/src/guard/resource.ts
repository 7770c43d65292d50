import { CloakwrightError } from '../errors.ts'
import { checkUrl } from '../metadata/index.ts'
import type { Verifier } from '../token/index.ts'
import type { Answer } from './admission.ts'

/** The metadata that a service publishes (RFC 9728 §2). */
export interface ResourceOptions {
  /** The service's URL for its clients, which is its identifier: `https://api.example.com`, with a path if it has one. */
  readonly resource: string
  /**
   * The issuers to get tokens from; by default those that the verifier accepts. If a function decides on issuers, these
   * are the ones in use: list them here if clients need them before the first token, or may not see each other's.
   */
  readonly authorizationServers?: readonly string[] | undefined
  /** Scopes that clients may request. */
  readonly scopes?: readonly string[] | undefined
  /** The service's name, for users. */
  readonly name?: string | undefined
  /** URL of the API's documentation. */
  readonly documentation?: string | undefined
}

/** The published document and its URL. */
export interface ResourceMetadata {
  /** The path of the document: `/.well-known/oauth-protected-resource`, followed by the resource's own path. */
  readonly path: string
  /** Its URL, for challenges. */
  readonly url: string
  /**
   * The response to a request for {@link path}: the document to GET and HEAD, with a function that decides on issuers in its
   * current state; CORS headers to OPTIONS; `undefined` to any other method.
   */
  answer(method: string): Answer | undefined
}

const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * Creates the document that tells a client which realms' tokens this service accepts, and how (RFC 9728).
 *
 * @throws {CW_CONFIG_INVALID} The resource is not a URL of a service.
 */
export function createResourceMetadata(options: ResourceOptions, verifier: Verifier): ResourceMetadata {
  const { resource, authorizationServers, scopes, name, documentation } = options
  requireTexts('resource.authorizationServers', authorizationServers)
  requireTexts('resource.scopes', scopes)
  // An identifier may end in a slash only if it is just an origin (RFC 9728 §3.1): otherwise the slash would be part
  // of the document's URL, which routers treat differently.
  const { origin, pathname } = checkUrl(
    'resource',
    typeof resource === 'string' && /^[^/]+\/\/[^/]+\/$/.test(resource) ? resource.slice(0, -1) : resource,
  )
  const path = pathname === '/' ? wellKnown : wellKnown + pathname
  if (scopes?.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) === true)
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      'resource.scopes: an entry is not a scope (RFC 6749 §3.3)',
      {
        hint: 'Make each scope a separate entry, without spaces or quotes.',
      },
    )
  authorizationServers?.forEach((server, index) =>
    checkUrl(`resource.authorizationServers[${index}]`, server),
  )
  const { dpop, mtls } = verifier.proofs
  const toDocument = (servers: readonly string[]): object => ({
    resource,
    // RFC 9728 §3.2: a list without entries is left out.
    ...(servers.length === 0 ? {} : { authorization_servers: servers }),
    bearer_methods_supported: ['header'],
    ...(scopes === undefined ? {} : { scopes_supported: scopes }),
    ...(name === undefined ? {} : { resource_name: name }),
    ...(documentation === undefined ? {} : { resource_documentation: documentation }),
    ...(dpop === undefined ? {} : { dpop_signing_alg_values_supported: dpop.algorithms }),
    ...(mtls === undefined ? {} : { tls_client_certificate_bound_access_tokens: true }),
  })
  return {
    path,
    url: origin + path,
    answer(method) {
      if (method === 'OPTIONS') return { status: 204, headers: preflightHeaders, body: '' }
      if (method !== 'GET' && method !== 'HEAD') return undefined
      const body = JSON.stringify(toDocument(authorizationServers ?? verifier.issuers))
      return { status: 200, headers: documentHeaders, body }
    },
  }
}

/** Any page may read the document: it is public, and the same for everyone. */
const anyOrigin = { 'access-control-allow-origin': '*' }
const documentHeaders = { ...anyOrigin, 'content-type': 'application/json' }
/** Clients in browsers add headers of their own, such as `MCP-Protocol-Version`: the browser then asks first. */
const preflightHeaders = {
  ...anyOrigin,
  allow: 'GET, HEAD, OPTIONS',
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': '*',
  'access-control-max-age': '3600',
}

function requireTexts(name: string, texts: readonly unknown[] | undefined): void {
  if (texts === undefined || (Array.isArray(texts) && texts.every((text) => typeof text === 'string'))) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: not a list of strings`, {
    hint: `Write ${name} as ["…"], or omit it.`,
  })
}
