import { CloakwrightError } from '../errors.ts'
import type { Fetch } from '../http/index.ts'
import { fetchRealm } from '../metadata/index.ts'

/** A permission to request from the realm for the user. */
export interface PermissionRequest {
  /** The resource's name or id, as in the client's authorization settings. */
  readonly resource: string
  /** The scopes, **every one** of them; empty for a resource that has no scopes. */
  readonly scopes?: readonly string[] | undefined
}

/** What the realm grants; a resource without scopes is granted as a whole. */
export interface Grant {
  readonly rsid: unknown
  readonly rsname: unknown
  readonly scopes?: unknown
}

/** The realm's response: the granted part of the request, or the reason why nothing is granted. */
export type Answer =
  | { readonly kind: 'granted'; readonly grants: readonly Grant[] }
  | { readonly kind: 'denied' }
  | { readonly kind: 'unknown'; readonly what: 'resource' | 'scope' }

/** One request to the realm. */
export interface Question {
  readonly tokenEndpoint: string
  /** The client whose authorization settings decide. */
  readonly audience: string
  readonly permissions: readonly PermissionRequest[]
  readonly tokenText: string
  readonly fetch: Fetch
  /** Timeout in milliseconds, body included. */
  readonly timeout: number
}

const maxBytes = 256 * 1024

/**
 * Asks Keycloak's authorization services which of the permissions the token's user has (UMA 2.0 grant,
 * `response_mode=permissions`). The mode `decision` is not sufficient: it allows the whole if a part is granted.
 *
 * @throws {CW_TOKEN_INACTIVE} The realm no longer accepts the token.
 * @throws {CW_PERMISSIONS_UNAVAILABLE}
 */
export async function askRealm(question: Question): Promise<Answer> {
  const { tokenEndpoint, audience, permissions, tokenText, fetch, timeout } = question
  const fields = new URLSearchParams([
    ['grant_type', 'urn:ietf:params:oauth:grant-type:uma-ticket'],
    ['audience', audience],
    ['response_mode', 'permissions'],
    ...permissions.map((one) => ['permission', toText(one)] as [string, string]),
  ])
  const { status, body: bytes } = await fetchRealm(tokenEndpoint, {
    fetch,
    timeout,
    maxBytes,
    code: 'CW_PERMISSIONS_UNAVAILABLE',
    what: 'Permissions',
    form: { fields, authorization: `Bearer ${tokenText}` },
  })
  const body = parse(bytes)
  if (status === 200 && Array.isArray(body) && body.every(isObject))
    return { kind: 'granted', grants: body as unknown as Grant[] }
  const error = status >= 400 && isObject(body) ? body['error'] : undefined
  if (status === 403 && error === 'access_denied') return { kind: 'denied' }
  if (status === 400 && error === 'invalid_resource') return { kind: 'unknown', what: 'resource' }
  if (status === 400 && error === 'invalid_scope') return { kind: 'unknown', what: 'scope' }
  if (status === 400 && error === 'invalid_grant')
    throw new CloakwrightError('CW_TOKEN_INACTIVE', 'Token: the realm no longer accepts it', {
      hint: 'Get a new one: the user has signed out, or the token was revoked.',
    })
  const named = typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ''
  throw new CloakwrightError(
    'CW_PERMISSIONS_UNAVAILABLE',
    `Permissions at ${tokenEndpoint}: responds with status ${status}${named} and no list of permissions`,
    {
      retryAfter: 5,
      hint: `Check that Keycloak works, and that the client ${audience} has Authorization switched on.`,
    },
  )
}

/** Keycloak's form: `resource#scope,scope`. */
export function toText({ resource, scopes = [] }: PermissionRequest): string {
  return scopes.length === 0 ? resource : `${resource}#${scopes.join(',')}`
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
