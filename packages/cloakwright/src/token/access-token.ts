import { type Claims, freezeThrough, parseStrictObject } from '../jws/index.ts'
import type { Binding } from '../proof/index.ts'

declare const verified: unique symbol

/**
 * A verified access token; only a verifier creates one. Frozen, since one cached token serves many requests.
 * Roles and scopes are empty lists if the token has none.
 */
export interface AccessToken {
  readonly [verified]: true
  /** `iss`: the realm that issued it, `https://HOST/realms/REALM`. With several tenants, it identifies the tenant. */
  readonly issuer: string
  /** `sub`: the user's id, or the service account's. */
  readonly subject: string
  /** `preferred_username` */
  readonly username: string | undefined
  readonly email: string | undefined
  /** `name`: the full name. */
  readonly name: string | undefined
  /** `realm_access.roles` */
  readonly realmRoles: readonly string[]
  /** `resource_access.{client}.roles` */
  clientRoles(client: string): readonly string[]
  /** `scope`, split at spaces. */
  readonly scopes: readonly string[]
  /** `sid`: the user's session; service accounts have none. */
  readonly sid: string | undefined
  /** `azp`, or `client_id` (RFC 9068): the client that requested the token. */
  readonly azp: string | undefined
  /** `jti`: the token's own id. */
  readonly jti: string | undefined
  /** `cnf`: the keys that the client must prove, one or both; a bearer token has none. */
  readonly binding: Binding | undefined
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number
  /** `iat`, in seconds since the epoch. */
  readonly issuedAt: number
  /** `nbf`, in seconds since the epoch; `iat` if the token has no `nbf`. */
  readonly notBefore: number
  /** All claims of the token. */
  readonly claims: Claims
}

/** Facts that {@link toAccessToken} relies on, because they were checked before. */
export interface CheckedClaims {
  readonly issuer: string
  readonly subject: string
  readonly binding: Binding | undefined
  readonly expiresAt: number
  readonly issuedAt: number
  readonly notBefore: number
}

/** Where a verified token came from: what calls on behalf of its user need. */
export interface TokenSource {
  /** The encoded token. */
  readonly text: string
  /** The browser session whose requests have this object; `null` if they sent the token itself, `undefined` before the first. */
  session: KeyedSession | null | undefined
}

/** A browser session, by its key. */
interface KeyedSession {
  readonly key: string
}

/**
 * Creates the access token from claims that were verified and checked.
 *
 * @param encoded The token's text; a token that was read from a ticket has none.
 */
export function toAccessToken(claims: Claims, checked: CheckedClaims, encoded?: string): AccessToken {
  return Object.freeze(new VerifiedToken(claims, checked, encoded)) as unknown as AccessToken
}

/** A getter of the prototype, so that no log shows the token; by a global name, because Next.js bundles several copies. */
const sourceKey: unique symbol = Symbol.for('cloakwright.token-source')

/** Where a token came from; `undefined` for one from a ticket, and for a fake. */
export function sourceOf(token: AccessToken): TokenSource | undefined {
  return (token as { readonly [sourceKey]?: TokenSource })[sourceKey]
}

/**
 * The token for a request with this session; `null` for one that sent the token itself. Requests share an object that the
 * verifier has cached. But whoever sends a session's token must not use the session: its next token may allow more.
 */
export function tokenOf(token: AccessToken, session: KeyedSession | null): AccessToken {
  const source = sourceOf(token)
  if (source === undefined) return token
  if (source.session === undefined || source.session?.key === session?.key) {
    source.session = session
    return token
  }
  const copy = toAccessToken(token.claims, token, source.text)
  return tokenOf(copy, session)
}

/** Serializes a verified token for {@link readToken}. The caller must protect the result from changes. */
export function writeToken(token: AccessToken): string {
  const { issuer, subject, binding, expiresAt, issuedAt, notBefore } = token
  const checked: CheckedClaims = { issuer, subject, binding, expiresAt, issuedAt, notBefore }
  return JSON.stringify({ checked, claims: JSON.stringify(token.claims) })
}

/** Reads the verified token that {@link writeToken} serialized. */
export function readToken(text: string): AccessToken {
  const { checked, claims } = JSON.parse(text) as { readonly checked: CheckedClaims; readonly claims: string }
  return toAccessToken(parseStrictObject(claims) ?? {}, checked)
}

/** Lists and objects are created and frozen when first read: many routes read none, and it takes as long as all checks of claims. */
class VerifiedToken {
  readonly issuer: string
  readonly subject: string
  readonly username: string | undefined
  readonly email: string | undefined
  readonly name: string | undefined
  readonly sid: string | undefined
  readonly azp: string | undefined
  readonly jti: string | undefined
  readonly binding: Binding | undefined
  readonly expiresAt: number
  readonly issuedAt: number
  readonly notBefore: number
  readonly #claims: Claims
  readonly #source: TokenSource | undefined
  #frozen = false
  #scopes: readonly string[] | undefined

  constructor(claims: Claims, checked: CheckedClaims, encoded: string | undefined) {
    this.issuer = checked.issuer
    this.subject = checked.subject
    this.username = text(claims['preferred_username'])
    this.email = text(claims['email'])
    this.name = text(claims['name'])
    this.sid = text(claims['sid'])
    this.azp = text(claims['azp'] ?? claims['client_id'])
    this.jti = text(claims['jti'])
    this.binding = checked.binding
    this.expiresAt = checked.expiresAt
    this.issuedAt = checked.issuedAt
    this.notBefore = checked.notBefore
    this.#claims = claims
    this.#source = encoded === undefined ? undefined : { text: encoded, session: undefined }
  }

  get [sourceKey](): TokenSource | undefined {
    return this.#source
  }

  get claims(): Claims {
    // Whether an object is frozen takes a look at each of its members.
    if (!this.#frozen) freezeThrough(this.#claims)
    this.#frozen = true
    return this.#claims
  }

  get realmRoles(): readonly string[] {
    return rolesOf(this.claims['realm_access'])
  }

  get scopes(): readonly string[] {
    this.#scopes ??= words(this.#claims['scope'])
    return this.#scopes
  }

  clientRoles(client: string): readonly string[] {
    const access = this.claims['resource_access']
    return isObject(access) && Object.hasOwn(access, client) ? rolesOf(access[client]) : none
  }
}

const none: readonly string[] = Object.freeze([])

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined
}

function words(claim: unknown): readonly string[] {
  if (typeof claim !== 'string') return none
  return Object.freeze(claim.split(' ').filter((word) => word !== ''))
}

/** Fails closed: a list with a value that is not a string gives no role at all. */
function rolesOf(access: unknown): readonly string[] {
  const roles = isObject(access) && Object.hasOwn(access, 'roles') ? access['roles'] : undefined
  return Array.isArray(roles) && roles.every((role) => typeof role === 'string') ? (roles as string[]) : none
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
