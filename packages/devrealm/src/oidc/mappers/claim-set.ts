import type { Claims } from '../../crypto/index.ts'
import { javaOrder } from '../../text/index.ts'

/** The first claims, in Keycloak's order; all others follow in the order of a Java map. */
const leading = [
  'exp',
  'iat',
  'auth_time',
  'jti',
  'iss',
  'aud',
  'sub',
  'typ',
  'azp',
  'nonce',
  'sid',
  'at_hash',
  'c_hash',
  'acr',
  's_hash',
  'allowed-origins',
  'realm_access',
  'resource_access',
  'cnf',
  'scope',
]

/** Reserved claims that no protocol mapper can set. */
const reserved = new Set([
  'exp',
  'iat',
  'jti',
  'iss',
  'typ',
  'azp',
  'nonce',
  'sid',
  'at_hash',
  'c_hash',
  's_hash',
  'cnf',
  'scope',
  'active',
  '__proto__',
])

/** Collects the claims of one token from protocol mappers. */
export class ClaimSet {
  readonly #claims = new Map<string, unknown>()
  readonly #audience = new Set<string>()

  constructor(base: Claims = {}) {
    for (const [name, value] of Object.entries(base)) if (value !== undefined) this.#claims.set(name, value)
  }

  /** Sets a claim by a mapper's claim name: dots create nested objects, `\.` is a literal dot. */
  set(claimName: string, value: unknown): void {
    const path = claimName.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'))
    const [first, ...rest] = path
    if (
      first === undefined ||
      first === '' ||
      path.some((part) => reserved.has(part) && (part === first || part === '__proto__'))
    )
      return
    if (first === 'aud' && rest.length === 0) {
      for (const audience of Array.isArray(value) ? value : [value]) this.addAudience(String(audience))
      return
    }
    this.#claims.set(first, rest.length === 0 ? value : nest(this.#claims.get(first), rest, value))
  }

  addAudience(audience: string): void {
    this.#audience.add(audience)
  }

  /** Keeps only these audiences and their roles. */
  restrictAudience(names: readonly string[]): void {
    for (const audience of this.#audience) if (!names.includes(audience)) this.#audience.delete(audience)
    const access = this.#claims.get('resource_access')
    if (typeof access !== 'object' || access === null) return
    const kept = Object.entries(access).filter(([client]) => names.includes(client))
    this.#claims.set('resource_access', Object.fromEntries(kept))
  }

  get audience(): string[] {
    return [...this.#audience]
  }

  /** All claims in output order. */
  toClaims(): Claims {
    const audience = this.audience
    if (audience.length > 0) this.#claims.set('aud', audience.length === 1 ? audience[0] : audience)
    const others = [...this.#claims.keys()].filter((name) => !leading.includes(name))
    const names = [...leading.filter((name) => this.#claims.has(name)), ...javaOrder(others)]
    return Object.fromEntries(names.map((name) => [name, this.#claims.get(name)]))
  }
}

function nest(before: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value
  const object = typeof before === 'object' && before !== null && !Array.isArray(before) ? before : {}
  const inner = Object.hasOwn(object, name) ? (object as Claims)[name] : undefined
  return { ...object, [name]: nest(inner, rest, value) }
}
