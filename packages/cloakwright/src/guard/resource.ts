import { CloakwrightError } from '../errors.ts'
import { checkUrl } from '../metadata/index.ts'
import type { Verifier } from '../token/index.ts'

/** What a service publishes of itself (RFC 9728 §2). */
export interface ResourceOptions {
  /** The service's address as its clients know it, its identifier: `https://api.example.com`, with a path if it has one. */
  readonly resource: string
  /**
   * The issuers to get tokens from; by default those that the verifier accepts. When a function decides on issuers, these
   * are the ones in use: name them here if clients need them before the first token, or may not know each other's.
   */
  readonly authorizationServers?: readonly string[] | undefined
  /** Scopes that clients may ask for. */
  readonly scopes?: readonly string[] | undefined
  /** The service's name, for people. */
  readonly name?: string | undefined
  /** Where its API is documented. */
  readonly documentation?: string | undefined
}

/** The published document, and where it is. */
export interface ResourceMetadata {
  /** The path that answers with it: `/.well-known/oauth-protected-resource`, followed by the resource's own path. */
  readonly path: string
  /** Its address, for challenges. */
  readonly url: string
  /** How it is served: any page may read it. */
  readonly headers: Readonly<Record<string, string>>
  /** The document as JSON; with a function that knows the issuers, as it is now. */
  readonly body: string
}

const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * Makes the document that tells a client which realms' tokens this service accepts, and how (RFC 9728).
 *
 * @throws {CW_CONFIG_INVALID} The resource is no address of a service.
 */
export function createResourceMetadata(options: ResourceOptions, verifier: Verifier): ResourceMetadata {
  const { resource, authorizationServers, scopes, name, documentation } = options
  requireTexts('resource.authorizationServers', authorizationServers)
  requireTexts('resource.scopes', scopes)
  // An identifier may end in a slash only if it is nothing but an origin’s (RFC 9728 §3.1): elsewhere it would be part
  // of the document's address, which routers are at odds about.
  const { origin, pathname } = checkUrl(
    'resource',
    typeof resource === 'string' && /^[^/]+\/\/[^/]+\/$/.test(resource) ? resource.slice(0, -1) : resource,
  )
  const path = pathname === '/' ? wellKnown : wellKnown + pathname
  if (scopes?.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) === true)
    throw new CloakwrightError('CW_CONFIG_INVALID', 'resource.scopes: an entry is no scope (RFC 6749 §3.3)', {
      hint: 'Give each scope as an entry of its own, without spaces or quotes.',
    })
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
    headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
    get body() {
      return JSON.stringify(toDocument(authorizationServers ?? verifier.issuers))
    },
  }
}

function requireTexts(name: string, texts: readonly unknown[] | undefined): void {
  if (texts === undefined || (Array.isArray(texts) && texts.every((text) => typeof text === 'string'))) return
  throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: not a list of strings`, {
    hint: `Give ${name} as ["…"], or leave it out.`,
  })
}
