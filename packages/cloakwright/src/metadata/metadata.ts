import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import type { Fetch } from '../http/index.ts'
import { requireOptions } from '../options.ts'
import { shown } from '../shown.ts'
import { checkIssuer, checkRealmUrl, withoutSlash } from './address.ts'
import { fetchJson } from './fetch-json.ts'

/** A discovery document as the realm publishes it (OpenID Connect Discovery 1.0, RFC 8414). */
export interface DiscoveryDocument {
  readonly issuer: string
  readonly jwks_uri?: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly introspection_endpoint?: string
  readonly revocation_endpoint?: string
  readonly end_session_endpoint?: string
  readonly [member: string]: unknown
}

/** A realm's metadata, with its public and its internal URLs. */
export interface RealmMetadata {
  /** As published: URLs for the browser. */
  readonly document: DiscoveryDocument
  /**
   * URLs for the service's own requests: every back-channel endpoint below the issuer is moved below `internalUrl`.
   * URLs that a browser opens (authorization, logout, session check) stay public.
   */
  readonly internal: DiscoveryDocument
}

/** A realm's metadata, fetched when first needed and then cached. */
export interface Metadata {
  readonly issuer: string
  /**
   * The realm's metadata. Concurrent calls share one fetch. The result is cached for an hour, and longer while the realm
   * cannot be reached.
   *
   * @throws {CW_DISCOVERY_FAILED} The document could not be fetched; the next call tries again.
   * @throws {CW_DISCOVERY_ISSUER} The document belongs to another issuer.
   */
  get(): Promise<RealmMetadata>
}

/** The realm's URLs, and how to reach them. */
export interface MetadataOptions {
  /** The realm's public URL, exactly as in `iss`: `https://HOST/realms/REALM`. Other OpenID providers have other URLs. */
  readonly issuer: string
  /** The realm's URL for the service itself, if it differs from the issuer: `http://keycloak:8080/realms/REALM`. */
  readonly internalUrl?: string | undefined
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
  /** Milliseconds for one attempt, 5000 by default. */
  readonly timeout?: number | undefined
  /** Accepts an issuer in plain http beyond loopback; for development, refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

const maxAge = 3_600_000
const retryAfterFailure = 30_000
const maxBytes = 256 * 1024

/**
 * Reads a realm's discovery document, checks its issuer, and returns the URL of each endpoint.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} An issuer in plain http beyond loopback.
 */
export function createMetadata(options: MetadataOptions): Metadata {
  requireOptions('createMetadata', '{ issuer }', options, { fetch: 'function', now: 'function' })
  const issuer = checkIssuer(options.issuer, options.dangerouslyAllowHttp ?? false)
  const base = withoutSlash(issuer)
  const internalUrl = options.internalUrl ?? base
  checkRealmUrl('internalUrl', internalUrl)
  const { fetch = globalThis.fetch, now = systemTime, timeout = 5_000 } = options
  let known: { readonly metadata: RealmMetadata; until: number } | undefined
  let pending: Promise<RealmMetadata> | undefined

  const load = async (): Promise<RealmMetadata> => {
    const url = `${internalUrl}/.well-known/openid-configuration`
    const code = 'CW_DISCOVERY_FAILED'
    const json = await fetchJson(url, { fetch, timeout, maxBytes, code, what: 'Discovery document' })
    if (json['issuer'] !== issuer) throw otherIssuer(issuer, url, json['issuer'])
    const document = json as DiscoveryDocument
    return { document, internal: toInternal(document, base, internalUrl) }
  }

  return {
    issuer,
    async get() {
      if (known !== undefined && now() < known.until) return known.metadata
      pending ??= load().finally(() => {
        pending = undefined
      })
      try {
        const metadata = await pending
        known = { metadata, until: now() + maxAge }
        return metadata
      } catch (error) {
        if (known === undefined) throw error
        known.until = now() + retryAfterFailure
        return known.metadata
      }
    },
  }
}

function otherIssuer(issuer: string, url: string, found: unknown): CloakwrightError {
  const is = typeof found === 'string' ? `its issuer is ${shown(found)}` : 'it has no issuer'
  return new CloakwrightError(
    'CW_DISCOVERY_ISSUER',
    `Discovery document at ${url}: ${is}, but the configured issuer is ${shown(issuer)}`,
    {
      retryAfter: 30,
      hint: 'Make both exactly equal: set `issuer` to the realm’s public URL, or set a fixed URL in Keycloak (KC_HOSTNAME).',
    },
  )
}

const browserEndpoints = new Set(['authorization_endpoint', 'end_session_endpoint', 'check_session_iframe'])

/** Moves back-channel endpoints below `internalUrl`. Keycloak may have done so already (`hostname-backchannel-dynamic`). */
function toInternal(document: DiscoveryDocument, base: string, internalUrl: string): DiscoveryDocument {
  const move = (value: unknown): unknown =>
    typeof value === 'string' && value.startsWith(`${base}/`) ? internalUrl + value.slice(base.length) : value
  const moveAll = (members: object): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(members).map(([name, value]: [string, unknown]) => {
        if (name === 'mtls_endpoint_aliases' && typeof value === 'object' && value !== null)
          return [name, moveAll(value)]
        const backChannel = (name.endsWith('_endpoint') || name === 'jwks_uri') && !browserEndpoints.has(name)
        return [name, backChannel ? move(value) : value]
      }),
    )
  return moveAll(document) as DiscoveryDocument
}
