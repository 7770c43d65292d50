import { atOnceOf, withAtOnce } from '../at-once.ts'
import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { number } from '../numbers.ts'
import { requireFunctions, requireOptions } from '../options.ts'
import { continueWith } from '../promise.ts'
import { shown } from '../shown.ts'
import type { SessionStore } from '../state/index.ts'
import { checkBasePath } from './config.ts'
import { createEngine, openState, type SessionState } from './engine.ts'
import type { SessionOptions } from './options.ts'
import type { Session, SessionEngine, SessionRequest, SessionUse, Tenant } from './types.ts'
import { userSessions } from './user-sessions.ts'

/** The options of one tenant: those of a session engine, without the store, which all tenants share. */
export interface TenantOptions extends Omit<SessionOptions, 'store'> {
  /** The tenant's name in the `aud` of its tokens; of several, one is enough. Guards refuse all other tokens for its requests. */
  readonly audience: string | readonly string[]
  /** The path prefix of its login, callback and logout: that of all tenants (the default), or a path below it. */
  readonly basePath?: string | undefined
}

/** The options of {@link createTenantSessions}. */
export interface TenantSessionsOptions {
  /**
   * The name of the request's tenant, by its host or its path; `undefined` if it belongs to none. It is called for each
   * request, so it must be fast and accept nothing but your own hosts: anyone can send any `Host`.
   */
  readonly tenantOf: (request: SessionRequest) => string | undefined
  /** The options of a tenant, for example from a database; `undefined` if there is none of that name. */
  readonly optionsOf: (tenant: string) => TenantOptions | undefined | Promise<TenantOptions | undefined>
  /** The sessions of all tenants. Each is sealed for its tenant, and worthless for any other. */
  readonly store: SessionStore
  /** The path prefix of the routes of all tenants; `/auth` by default. */
  readonly basePath?: string | undefined
  /** Maximum number of tenants in memory, 100 by default; the least recently used is dropped, and created again when needed. */
  readonly maxTenants?: number | undefined
  /** Seconds after which the options of a tenant are read again, so that changes take effect; 300 by default. */
  readonly maxAge?: number | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
}

/**
 * Creates browser login for several realms, or clients of a realm, in one process. Each request belongs to one tenant, by
 * its host or its path. Cookies, logins and sessions of one tenant are worthless for any other, and so are its tokens
 * at a guard with these sessions. Nothing is fetched before the first request of a tenant.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @example
 * ```ts
 * import { createTenantSessions, type SessionEngine } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
 *
 * const secrets = new Map([['acme', process.env['ACME_SECRET'] ?? '']])
 *
 * export const sessions: SessionEngine = createTenantSessions({
 *   store: memorySessionStore(),
 *   // https://acme.shop.example.com → acme
 *   tenantOf: ({ url }) => /^([a-z]+)\.shop\.example\.com$/.exec(new URL(url).hostname)?.[1],
 *   optionsOf: (tenant) =>
 *     secrets.has(tenant)
 *       ? {
 *           issuer: `https://id.example.com/realms/${tenant}`,
 *           clientId: 'shop',
 *           clientSecret: secrets.get(tenant),
 *           audience: 'shop',
 *           publicUrl: `https://${tenant}.shop.example.com`,
 *           keys: [{ id: 'k1', key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64') }],
 *         }
 *       : undefined,
 * })
 * ```
 */
export function createTenantSessions(options: TenantSessionsOptions): SessionEngine {
  const what = 'createTenantSessions'
  requireOptions(what, '{ tenantOf, optionsOf, store }', options, { now: 'function' })
  requireFunctions(what, options, ['tenantOf', 'optionsOf'], `Call ${what}({ tenantOf, optionsOf, store }).`)
  const storeHint = 'Pass a store of cloakwright/state: postgresSessionStore(sql)'
  requireFunctions('store', options.store, ['read', 'create'], storeHint)
  const basePath = checkBasePath(options.basePath)
  const state = openState(options.store)
  const tenants = createTenants(options, basePath, state)
  const prefix = `${basePath}/`

  const find = (
    request: SessionRequest,
    use?: SessionUse,
  ): Session | undefined | Promise<Session | undefined> =>
    continueWith(tenants.of(request), authenticateIn, request, use)
  return {
    basePath,
    cookieName: '',
    tenant: (request) => tenants.of(request),
    async handle(request, details) {
      if (!new URL(request.url).pathname.startsWith(prefix)) return undefined
      return await (await tenants.of(request)).sessions.handle(request, details)
    },
    authenticate: withAtOnce(async (request, use) => await find(request, use), find),
    watch: (session, onNews) => state.watchers.add(session, onNews),
    challenge: async (request, needs) => await (await tenants.of(request)).sessions.challenge(request, needs),
    loginPath: (request, stepUp) =>
      tenants.known(request)?.sessions.loginPath(request, stepUp) ?? `${basePath}/login`,
    refreshSession: async (request) => await (await tenants.of(request)).sessions.refreshSession(request),
    ...userSessions,
    close: () => state.cache.close(),
  }
}

function authenticateIn(
  { sessions }: Tenant,
  request: SessionRequest,
  use: SessionUse | undefined,
): Session | undefined | Promise<Session | undefined> {
  // oxlint-disable-next-line typescript/unbound-method -- it only identifies the function
  const atOnce = atOnceOf(sessions.authenticate)
  return atOnce === undefined ? sessions.authenticate(request, use) : atOnce(request, use)
}

/** The tenants in use. */
interface Tenants {
  /** The tenant of a request: at once if it is in memory. */
  of(request: SessionRequest): Tenant | Promise<Tenant>
  /** The tenant of a request, if it is in memory. */
  known(request: SessionRequest): Tenant | undefined
}

interface Entry {
  readonly tenant: Tenant
  until: number
}

/** Maximum number of pending calls of `optionsOf`: anyone can name many tenants, and each may need a lookup. */
const maxPending = 1_000
/** Milliseconds for which a tenant continues to work before the next attempt to read its options. */
const retryAfterFailure = 30_000

function createTenants(options: TenantSessionsOptions, basePath: string, state: SessionState): Tenants {
  const { now = systemTime, store, tenantOf, optionsOf } = options
  const maxTenants = number('maxTenants', options.maxTenants, 100, 1, 100_000)
  const maxAge = number('maxAge', options.maxAge, 300, 1, 86_400) * 1000
  /** Ordered by last use. */
  const entries = new Map<string, Entry>()
  const pending = new Map<string, Promise<Tenant>>()

  const nameOf = (request: SessionRequest): string => {
    if (dotSegment.test(request.url)) throw ambiguousPath()
    const name: unknown = tenantOf(request)
    if (typeof name === 'string' && name !== '') return name
    if (name === undefined || name === null || name === '') throw unknownTenant()
    throw new CloakwrightError('CW_CONFIG_INVALID', `tenantOf: returned a ${typeof name}`, {
      hint: 'Return the tenant’s name, or undefined. It is synchronous: look the options up in optionsOf.',
    })
  }
  const keep = (name: string, entry: Entry): Tenant => {
    entries.delete(name)
    for (const oldest of entries.keys()) {
      if (entries.size < maxTenants) break
      entries.delete(oldest)
    }
    entries.set(name, entry)
    return entry.tenant
  }
  const read = async (name: string): Promise<Tenant> => {
    try {
      const found = await optionsOf(name)
      if (found === undefined || found === null) throw unknownTenant(name)
      const tenant = create(name, found, { store, basePath, state })
      return keep(name, { tenant, until: now() + maxAge })
    } catch (error) {
      const failure = toFailure(error)
      const last = entries.get(name)
      if (failure.status < 500 || last === undefined) {
        entries.delete(name)
        throw failure
      }
      last.until = now() + retryAfterFailure
      return last.tenant
    }
  }

  return {
    of(request) {
      const name = nameOf(request)
      const entry = entries.get(name)
      if (entry !== undefined && now() < entry.until) return keep(name, entry)
      const running = pending.get(name)
      if (running !== undefined) return running
      if (pending.size >= maxPending) throw busy()
      const reading = read(name).finally(() => pending.delete(name))
      pending.set(name, reading)
      return reading
    },
    known(request) {
      try {
        return entries.get(nameOf(request))?.tenant
      } catch {
        return undefined
      }
    },
  }
}

/** What the engine of a tenant needs, apart from its options. */
interface Surroundings {
  readonly store: SessionStore
  readonly basePath: string
  readonly state: SessionState
}

/** Creates the engine of a tenant; fetches nothing yet. */
function create(name: string, options: TenantOptions, { store, basePath, state }: Surroundings): Tenant {
  try {
    requireOptions('optionsOf', '{ issuer, clientId, audience, publicUrl, keys }', options)
    const { audience, ...own } = options
    const engine = { basePath, ...own, store }
    if (engine.basePath !== basePath && !engine.basePath?.startsWith(`${basePath}/`))
      throw new CloakwrightError('CW_CONFIG_INVALID', `basePath: not ${basePath}, nor a path below it`, {
        hint: `Set it to ${basePath}/NAME, or omit it. Adapters send requests below ${basePath} to the engine.`,
      })
    return {
      name,
      sessions: createEngine(engine, state),
      issuer: own.issuer,
      audience: checkAudience(audience),
    }
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    const { code, hint = '', message } = error
    throw new CloakwrightError(code, `Tenant ${shown(name)}: ${message}`, { hint, cause: error })
  }
}

function checkAudience(audience: unknown): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  if (audiences.length > 0 && audiences.every((one) => typeof one === 'string' && one !== ''))
    return audiences as readonly string[]
  throw new CloakwrightError('CW_CONFIG_MISSING', 'audience is missing', {
    hint: 'Set it to the tenant’s name in `aud`, usually its client id. The verifier must accept it as well.',
  })
}

function toFailure(error: unknown): CloakwrightError {
  if (error instanceof CloakwrightError) return error
  return new CloakwrightError('CW_TENANT_UNAVAILABLE', 'optionsOf: the function failed', {
    cause: error,
    retryAfter: 5,
    hint: 'See the cause. Tenants in memory continue to work.',
  })
}

/**
 * A URL parser resolves `/acme/../globex` to `/globex`, but most routers of Node's frameworks do not: the tenant would be
 * another one than the one in the parameters of the route.
 */
const dotSegment = /^[^?#]*[/\\](?:\.|%2e){1,2}(?:[/\\?#]|$)/i

function ambiguousPath(): CloakwrightError {
  return new CloakwrightError(
    'CW_TENANT_UNKNOWN',
    'Request: it belongs to no tenant, its path has dot segments',
    {
      hint: 'Send the path without them. Browsers and most clients remove them.',
    },
  )
}

/** The name may come from a request: it is a host or a path, no secret. */
function unknownTenant(name?: string): CloakwrightError {
  const why = name === undefined ? 'tenantOf returned none' : `optionsOf knows none named ${shown(name)}`
  return new CloakwrightError('CW_TENANT_UNKNOWN', `Request: it belongs to no tenant, ${why}`, {
    hint: 'Compare its host and path with the tenants. Behind a proxy, the service must see the host that was requested.',
  })
}

function busy(): CloakwrightError {
  return new CloakwrightError(
    'CW_TENANT_UNAVAILABLE',
    `optionsOf: ${maxPending} calls of the function are pending, which is the limit`,
    { retryAfter: 1, hint: 'The function is slow, or a client sends requests for many tenants.' },
  )
}
