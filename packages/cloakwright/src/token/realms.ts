import { CloakwrightError } from '../errors.ts'
import { checkUrl } from '../metadata/index.ts'
import type { Realm } from './realm.ts'
import type { IssuerOptions, IssuerResolver, SeveralIssuers } from './types.ts'

/** The realms of a verifier, by issuer. */
export interface Realms {
  /** The known issuers; with a function, those in use. */
  readonly issuers: readonly string[]
  /** The function that decides, if there is one. */
  readonly resolver: IssuerResolver | undefined
  /**
   * The realm of that issuer, or `undefined` if its tokens are not accepted.
   *
   * @throws {CW_DISCOVERY_FAILED} The function `issuers` failed, or too many of its calls are pending.
   */
  find(issuer: string): Realm | undefined | Promise<Realm | undefined>
  /** Records that a token of the realm was verified: other realms were only named by a token. */
  use(realm: Realm): void
  ready(): Promise<void>
}

/** Longest issuer that is passed to the function. */
const maxIssuerLength = 2_048

/** Maximum number of pending calls of the function: anyone can name any issuer, and each may need a lookup. */
const maxAsked = 1_000

/**
 * Realms that are listed, or returned by a function: of the latter, the `maxIssuers` whose tokens were verified last
 * are kept.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 */
export function createRealms(
  { issuers }: SeveralIssuers,
  maxIssuers: number,
  create: (options: IssuerOptions) => Realm,
): Realms {
  return typeof issuers === 'function'
    ? resolvedRealms(issuers, maxIssuers, create)
    : listedRealms(issuers, create)
}

function listedRealms(issuers: readonly IssuerOptions[], create: (options: IssuerOptions) => Realm): Realms {
  if (!Array.isArray(issuers) || issuers.length === 0)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'issuers: the list is empty', {
      hint: 'List at least one realm: { issuer: "https://HOST/realms/REALM", audience: "…" }',
    })
  const realms = new Map<string, Realm>()
  for (const options of issuers) {
    const realm = create(options)
    if (realms.has(realm.expected.issuer))
      throw new CloakwrightError('CW_CONFIG_INVALID', `issuers: ${realm.expected.issuer} is listed twice`, {
        hint: 'List each realm once. One realm may have several audiences.',
      })
    realms.set(realm.expected.issuer, realm)
  }
  return {
    issuers: [...realms.keys()],
    resolver: undefined,
    find: (issuer) => realms.get(issuer),
    use: () => {},
    async ready() {
      await Promise.all([...realms.values()].map(({ keys }) => keys.ready()))
    },
  }
}

function resolvedRealms(
  resolve: IssuerResolver,
  maxIssuers: number,
  create: (options: IssuerOptions) => Realm,
): Realms {
  /** Ordered by last use. */
  const realms = new Map<string, Realm>()
  /** Realms named by tokens of which none was verified yet: anyone can name them, so they must not replace realms in use. */
  const named = new Map<string, Realm>()
  const asked = new Map<string, Promise<Realm | undefined>>()

  const makeRoom = (kept: Map<string, Realm>): void => {
    for (const [oldest, forgotten] of kept) {
      if (kept.size < maxIssuers) break
      if (kept === realms) forgotten.inUse = false
      kept.delete(oldest)
    }
  }
  const ask = async (issuer: string): Promise<Realm | undefined> => {
    const options = await Promise.resolve(issuer).then(resolve).catch(failed)
    // The result may be about another issuer than requested, or null from a database: both count as not accepted.
    if (options?.issuer !== issuer) return undefined
    const realm = create(options)
    makeRoom(named)
    named.set(issuer, realm)
    return realm
  }

  return {
    get issuers() {
      return [...realms.keys()]
    },
    resolver: resolve,
    find(issuer) {
      const known = realms.get(issuer) ?? named.get(issuer)
      if (known !== undefined) return known
      if (issuer.length > maxIssuerLength) return undefined
      let pending = asked.get(issuer)
      if (pending === undefined) {
        if (asked.size >= maxAsked) throw busy()
        pending = ask(issuer).finally(() => asked.delete(issuer))
        asked.set(issuer, pending)
      }
      return pending
    },
    use(realm) {
      const { issuer } = realm.expected
      named.delete(issuer)
      const known = realms.get(issuer)
      // Created again while the token was verified: only one realm per issuer is kept.
      if (known !== undefined && known !== realm) realm.inUse = false
      if (!realm.inUse) return
      realms.delete(issuer)
      makeRoom(realms)
      realms.set(issuer, realm)
    },
    ready: async () => {},
  }
}

function failed(cause: unknown): never {
  if (cause instanceof CloakwrightError) throw cause
  throw new CloakwrightError('CW_DISCOVERY_FAILED', 'issuers: the function failed', {
    cause,
    retryAfter: 5,
    hint: 'See the cause. Until the function works, tokens of issuers that are not in use are refused.',
  })
}

function busy(): CloakwrightError {
  return new CloakwrightError(
    'CW_DISCOVERY_FAILED',
    `issuers: ${maxAsked} calls of the function are pending, which is the limit`,
    {
      retryAfter: 1,
      hint: 'Search the log for CW_TOKEN_ISSUER: a client sends tokens of many issuers, or the function is slow.',
    },
  )
}

/**
 * Accepts the realms of one Keycloak, each a tenant of this service.
 *
 * @param server Keycloak's public base URL, as in the issuers: `https://sso.example.com`.
 * @param accept Receives a realm's name; returns the options for its tokens, or `undefined` for a realm that is not a
 * tenant.
 * @throws {CW_CONFIG_INVALID} Not a URL.
 * @example
 * ```ts
 * import { createVerifier, realmsOf } from 'cloakwright'
 *
 * const tenants = new Set(['acme', 'globex'])
 * export const verifier = createVerifier({
 *   issuers: realmsOf('https://sso.example.com', (realm) =>
 *     tenants.has(realm) ? { audience: 'shop-api' } : undefined,
 *   ),
 * })
 * ```
 */
export function realmsOf(
  server: string,
  accept: (
    realm: string,
  ) => Omit<IssuerOptions, 'issuer'> | undefined | Promise<Omit<IssuerOptions, 'issuer'> | undefined>,
): IssuerResolver {
  checkUrl('server', server)
  const prefix = `${server}/realms/`
  const resolve = async (issuer: string): Promise<IssuerOptions | undefined> => {
    const name = issuer.startsWith(prefix) ? realmName(issuer.slice(prefix.length)) : undefined
    const terms = name === undefined ? undefined : await accept(name)
    return terms && { ...terms, issuer }
  }
  return Object.assign(resolve, { server })
}

/** Characters of a path segment (RFC 3986 §3.3), escapes in upper case. */
const segmentText = /^(?:[\w.~!$&'()*+,;=:@-]|%[\dA-F]{2})+$/
/** Escapes of letters, digits, `-`, `.`, `_` and `~`, which need none (RFC 3986 §2.3). */
const needless = /%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/

/**
 * Keycloak percent-encodes a realm's name in its issuer in exactly one way. If other encodings were accepted, each would be
 * a separate issuer, and anyone could fill the list of kept realms with spellings of one name.
 */
function realmName(segment: string): string | undefined {
  if (!segmentText.test(segment) || needless.test(segment)) return undefined
  try {
    const name = decodeURIComponent(segment)
    return name === '.' || name === '..' || name.includes('/') ? undefined : name
  } catch {
    return undefined
  }
}
