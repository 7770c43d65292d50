import { CloakwrightError } from '../errors.ts'
import { checkUrl } from '../metadata/index.ts'
import type { Realm } from './realm.ts'
import type { IssuerOptions, IssuerResolver, SeveralIssuers } from './types.ts'

/** The realms of a verifier, by their issuer. */
export interface Realms {
  /** The issuers that are known: of a function those that are in use. */
  readonly issuers: readonly string[]
  /** The function that decides, if one does. */
  readonly resolver: IssuerResolver | undefined
  /**
   * The realm of that issuer, or `undefined` if its tokens are not accepted.
   *
   * @throws {CW_DISCOVERY_FAILED} The function that knows the issuers failed, or is asked about too many at a time.
   */
  find(issuer: string): Realm | undefined | Promise<Realm | undefined>
  /** Notes that a token of the realm was verified: others have only named it. */
  use(realm: Realm): void
  ready(): Promise<void>
}

/** Longest issuer that a resolver is asked about. */
const maxIssuerLength = 2_048

/** Issuers that a resolver is asked about at a time: anybody can name any, and it may have to look each up. */
const maxAsked = 1_000

/**
 * Realms known from the start, or by a function: of those, the `maxIssuers` are kept whose tokens were verified last.
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
    throw new CloakwrightError('CW_CONFIG_MISSING', 'issuers: no realm is named', {
      hint: 'List at least one: { issuer: "https://HOST/realms/REALM", audience: "…" }',
    })
  const realms = new Map<string, Realm>()
  for (const options of issuers) {
    const realm = create(options)
    if (realms.has(realm.expected.issuer))
      throw new CloakwrightError('CW_CONFIG_INVALID', `issuers: ${realm.expected.issuer} is listed twice`, {
        hint: 'List each realm once; one realm may have several audiences.',
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
  /** In the order of their last use. */
  const realms = new Map<string, Realm>()
  /** Those that tokens have named, and none was verified yet: anybody can name them, so that they push nothing out of use. */
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
    // The function’s answer is not trusted to be about the issuer that was asked for; a database’s null is none either.
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
      // Made anew while the token was verified: two of one issuer are not kept.
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
  throw new CloakwrightError('CW_DISCOVERY_FAILED', 'issuers: the function that knows them failed', {
    cause,
    retryAfter: 5,
    hint: 'The cause says why. Until it answers, tokens of issuers that are not in use are refused.',
  })
}

function busy(): CloakwrightError {
  return new CloakwrightError(
    'CW_DISCOVERY_FAILED',
    `issuers: the function that knows them is asked about ${maxAsked} already`,
    {
      retryAfter: 1,
      hint: 'It answers slowly, or somebody sends tokens of many issuers: look for them in the log (CW_TOKEN_ISSUER).',
    },
  )
}

/**
 * Accepts realms of one Keycloak, each a tenant of this service.
 *
 * @param server Keycloak's public base URL, as in the issuers: `https://sso.example.com`.
 * @param accept Gets a realm's name; answers what its tokens must fit, or `undefined` for a realm that is no tenant.
 * @throws {CW_CONFIG_INVALID} Not an address.
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

/** What stands in a path's segment (RFC 3986 §3.3), escapes in upper case. */
const segmentText = /^(?:[\w.~!$&'()*+,;=:@-]|%[\dA-F]{2})+$/
/** Escapes of letters, digits, `-`, `.`, `_` and `~`, which need none (RFC 3986 §2.3). */
const needless = /%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/

/**
 * Keycloak writes a realm's name percent-encoded into its issuer, in one way. With others, each would be an issuer of its
 * own, and anybody could have as many of them kept, in place of those in use, as there are ways to write a name.
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
