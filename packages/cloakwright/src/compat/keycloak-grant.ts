import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import type { AccessToken } from '../token/index.ts'

/** What `request.kauth` has. */
export interface Kauth {
  /** There only if the request brought a token and it was verified. */
  grant?: Grant
}

/** A verified bearer token, in the shape of the old adapter; it has neither a refresh nor an ID token. */
export class Grant {
  readonly access_token: Token

  constructor(token: Token) {
    this.access_token = token
  }

  /** Whether the token’s `exp` is in the past by now. */
  isExpired(): boolean {
    return this.access_token.isExpired()
  }
}

/** What a token is made of. */
export interface TokenParts {
  readonly user: AccessToken
  readonly text: string
  readonly clientId: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** A verified access token, in the shape of the old adapter. */
export class Token {
  readonly clientId: string
  /** All claims: frozen, without a prototype. */
  readonly content: Claims
  readonly #user: AccessToken
  readonly #text: string
  readonly #now: () => number

  constructor({ user, text, clientId, now }: TokenParts) {
    this.clientId = clientId
    this.content = user.claims
    this.#user = user
    this.#text = text
    this.#now = now
  }

  /** The token’s text; no property of its own, so that a logged grant does not show it. */
  get token(): string {
    return this.#text
  }

  /** Whether its `exp` is in the past by now. */
  isExpired(): boolean {
    return this.#user.expiresAt * 1000 < this.#now()
  }

  /**
   * Whether it has a role, named as in {@link parseRole}.
   *
   * @throws {CW_CONFIG_INVALID} No name of a role.
   */
  hasRole(name: string): boolean {
    const { client, role } = parseRole(name, this.clientId)
    return client === undefined ? this.hasRealmRole(role) : this.hasApplicationRole(client, role)
  }

  /** Whether `resource_access.{client}.roles` has the role. */
  hasApplicationRole(client: string, role: string): boolean {
    return this.#user.clientRoles(client).includes(role)
  }

  /** Whether `realm_access.roles` has the role. */
  hasRealmRole(role: string): boolean {
    return this.#user.realmRoles.includes(role)
  }
}

/** A role of a client, or of the realm where none is named. */
export interface RoleName {
  readonly client: string | undefined
  readonly role: string
}

/**
 * Reads the old adapter’s name of a role: `realm:admin` is a realm role, `shop:admin` a role of the client `shop`,
 * `admin` a role of the service’s own client. Only the first colon counts. `realm:` is the realm even where a client
 * has that name: its roles are tested by {@link Token.hasApplicationRole}.
 *
 * @throws {CW_CONFIG_INVALID} No name of a role.
 */
export function parseRole(name: unknown, ownClient: string): RoleName {
  const colon = typeof name === 'string' ? name.indexOf(':') : -1
  const client = typeof name !== 'string' || colon === -1 ? ownClient : name.slice(0, colon)
  const role = typeof name === 'string' ? name.slice(colon + 1) : ''
  if (client !== '' && role !== '')
    return { client: client === 'realm' && colon !== -1 ? undefined : client, role }
  throw new CloakwrightError('CW_CONFIG_INVALID', 'keycloak-connect: not the name of a role', {
    hint: 'Write realm:ROLE, CLIENT:ROLE or ROLE, one in a string; several need a function.',
  })
}
