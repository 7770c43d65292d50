import { type Claims, freezeThrough, parseStrictObject } from '../jws/index.ts'
import type { Binding } from '../proof/index.ts'

declare const verified: unique symbol

/**
 * A verified access token; only a verifier makes one. Frozen, since one cached token serves many requests.
 * Roles and scopes are empty lists where the token has none.
 */
export interface AccessToken {
  readonly [verified]: true
  /** `iss`: the realm that issued it, `https://HOST/realms/REALM`; of several tenants it says which. */
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
  /** `scope`, split at its spaces. */
  readonly scopes: readonly string[]
  /** `sid`: the user's session; service accounts have none. */
  readonly sid: string | undefined
  /** `azp`: the client that asked for the token. */
  readonly azp: string | undefined
  /** `jti`: the token's own id. */
  readonly jti: string | undefined
  /** `cnf`: the keys of which whoever presents it has to prove one or both; a bearer token has none. */
  readonly binding: Binding | undefined
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number
  /** `iat`, in seconds since the epoch. */
  readonly issuedAt: number
  /** `nbf`, in seconds since the epoch; `iat` where the token has none. */
  readonly notBefore: number
  /** All claims as the token has them. */
  readonly claims: Claims
}

/** What {@link toAccessToken} takes for granted because it was checked. */
export interface CheckedClaims {
  readonly issuer: string
  readonly subject: string
  readonly binding: Binding | undefined
  readonly expiresAt: number
  readonly issuedAt: number
  readonly notBefore: number
}

/** Makes the access token of claims that were verified and checked. */
export function toAccessToken(claims: Claims, checked: CheckedClaims): AccessToken {
  return Object.freeze(new VerifiedToken(claims, checked)) as unknown as AccessToken
}

/** Writes a verified token, to be read by {@link readToken}: its text is worth what keeps it from being changed. */
export function writeToken(token: AccessToken): string {
  const { issuer, subject, binding, expiresAt, issuedAt, notBefore } = token
  const checked: CheckedClaims = { issuer, subject, binding, expiresAt, issuedAt, notBefore }
  return JSON.stringify({ checked, claims: JSON.stringify(token.claims) })
}

/** The verified token that {@link writeToken} wrote. */
export function readToken(text: string): AccessToken {
  const { checked, claims } = JSON.parse(text) as { readonly checked: CheckedClaims; readonly claims: string }
  return toAccessToken(parseStrictObject(claims) ?? {}, checked)
}

/** What is a list or an object is made and frozen at the first look: many routes take none, and it takes as long as all checks of claims. */
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
  #scopes: readonly string[] | undefined

  constructor(claims: Claims, checked: CheckedClaims) {
    this.issuer = checked.issuer
    this.subject = checked.subject
    this.username = text(claims['preferred_username'])
    this.email = text(claims['email'])
    this.name = text(claims['name'])
    this.sid = text(claims['sid'])
    this.azp = text(claims['azp'])
    this.jti = text(claims['jti'])
    this.binding = checked.binding
    this.expiresAt = checked.expiresAt
    this.issuedAt = checked.issuedAt
    this.notBefore = checked.notBefore
    this.#claims = claims
  }

  get claims(): Claims {
    return freezeThrough(this.#claims)
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

/** Fails closed: a list that is not all strings gives no role at all. */
function rolesOf(access: unknown): readonly string[] {
  const roles = isObject(access) && Object.hasOwn(access, 'roles') ? access['roles'] : undefined
  return Array.isArray(roles) && roles.every((role) => typeof role === 'string') ? (roles as string[]) : none
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
