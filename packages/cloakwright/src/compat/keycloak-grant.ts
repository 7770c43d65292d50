import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import type { AccessToken } from '../token/index.ts'
import { refuseMember } from './unsupported.ts'

/** The content of `request.kauth`. */
export interface Kauth {
  /** Exists only if the request has a session, or a token that was verified. */
  grant?: Grant
}

/** The verified token of a session or of the request, in the shape of the old adapter. */
export class Grant {
  readonly access_token: Token
  /** @throws {CW_CONFIG_INVALID} Always: it stays in the session. */
  declare readonly refresh_token: never
  /** @throws {CW_CONFIG_INVALID} Always: it stays in the session. */
  declare readonly id_token: never

  constructor(token: Token) {
    this.access_token = token
  }

  /** Whether the token’s `exp` has passed. */
  isExpired(): boolean {
    return this.access_token.isExpired()
  }
}

const useClaims =
  'Read the claims in access_token.content; Keycloak can map every claim of the ID token there'
for (const [name, hint] of [
  ['refresh_token', 'Remove it: the session engine refreshes the tokens'],
  ['id_token', useClaims],
  ['token_type', 'Remove it: it is always Bearer'],
  ['expires_in', 'Read access_token.content.exp'],
  ['__raw', useClaims],
  ['toString', useClaims],
  ['update', 'Remove it: the session engine refreshes the tokens'],
  ['store', 'Remove it: the session engine stores the tokens'],
  ['unstore', 'Sign the user out at /logout'],
] as const)
  refuseMember(Grant.prototype, name, `grant.${name}`, hint)

/** The parts of a token. */
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

  /** The encoded token; not an own property, so that a logged grant does not show it. */
  get token(): string {
    return this.#text
  }

  /** Whether its `exp` has passed. */
  isExpired(): boolean {
    return this.#user.expiresAt * 1000 < this.#now()
  }

  /**
   * Whether it has a role, named as in {@link parseRole}.
   *
   * @throws {CW_CONFIG_INVALID} Not the name of a role.
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

for (const name of ['header', 'signature', 'signed'])
  refuseMember(Token.prototype, name, `access_token.${name}`, 'Read access_token.token, which is verified')
refuseMember(
  Token.prototype,
  'hasPermission',
  'access_token.hasPermission()',
  'Put enforcer() before the route',
)

/** A role of a client, or of the realm if no client is named. */
export interface RoleName {
  readonly client: string | undefined
  readonly role: string
}

/**
 * Parses the old adapter’s name of a role. `realm:admin` is a realm role, `shop:admin` a role of the client `shop`.
 * `admin` is a role of the service’s own client. Only the first colon counts. `realm:` means the realm even if a client
 * has that name: test its roles with {@link Token.hasApplicationRole}.
 *
 * @throws {CW_CONFIG_INVALID} Not the name of a role.
 */
export function parseRole(name: unknown, ownClient: string): RoleName {
  const colon = typeof name === 'string' ? name.indexOf(':') : -1
  const client = typeof name !== 'string' || colon === -1 ? ownClient : name.slice(0, colon)
  const role = typeof name === 'string' ? name.slice(colon + 1) : ''
  if (client !== '' && role !== '')
    return { client: client === 'realm' && colon !== -1 ? undefined : client, role }
  throw new CloakwrightError('CW_CONFIG_INVALID', 'keycloak-connect: not the name of a role', {
    hint: 'Write realm:ROLE, CLIENT:ROLE or ROLE, one in a string. For several roles, use a function.',
  })
}
