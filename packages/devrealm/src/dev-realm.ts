import { randomUUID } from 'node:crypto'
import { requireOptions, systemTime } from 'cloakwright'
import type { SqlClient } from 'cloakwright/state'
import type { FastifyInstance } from 'fastify'
import { createRealmContext } from './context/index.ts'
import { passwordCredential, prepareKeys } from './crypto/index.ts'
import { createRealm, masterName } from './defaults/index.ts'
import { type ImportedRealm, type ImportOptions, importInto } from './import.ts'
import { sweep } from './oidc/index.ts'
import { buildServer, closeSecondServers, type ListenOptions, type Logger, listen } from './server/index.ts'
import { Store } from './store/index.ts'

/** Options of {@link createDevRealm}. */
export interface DevRealmOptions {
  /**
   * The fixed public base URL, for example `http://localhost:8080`: all issuers start with it, whatever URL a request used.
   * Default: the Host of each request, which must be a loopback name.
   */
  readonly hostname?: string
  /** The administrator of the realm `master`, created together with the realm. Default: admin/admin. */
  readonly admin?: { readonly username: string; readonly password: string }
  /** Stores everything in the schema `devrealm`; apply its {@link migrations} first. Default: in memory. */
  readonly sql?: SqlClient
  /**
   * Keycloak's optional features to enable, like its `--features`. Default: none, as in Keycloak. With `client-secret-rotation`
   * a client can have two valid secrets if a client policy says so.
   */
  readonly features?: readonly 'client-secret-rotation'[]
  /** A pino-compatible logger. Default: none. */
  readonly logger?: Logger
  /**
   * Allows {@link DevRealm.listen} to bind to addresses other than loopback: anyone who reaches them can use admin/admin.
   * Default: false.
   */
  readonly dangerouslyListenBeyondLoopback?: boolean
  /** The clock, in milliseconds since the epoch. Default: the system's time. */
  readonly now?: () => number
}

/** Keycloak-compatible realms in this process. */
export interface DevRealm {
  /** The HTTP server, for `inject` and for additional routes before it listens. */
  readonly app: FastifyInstance
  /**
   * Starts to listen; resolves to the base URL. Default: a free port on 127.0.0.1; with a `port`, on 127.0.0.1 and ::1.
   *
   * @throws {CW_PORT_TAKEN} another process has the port
   * @throws {CW_CONFIG_INSECURE} an address beyond loopback without `dangerouslyListenBeyondLoopback`
   */
  listen(options?: ListenOptions): Promise<string>
  /**
   * Adds a realm from a Keycloak export (RealmRepresentation) and replaces an existing realm with the same name. An invalid
   * representation changes nothing.
   *
   * @throws {CW_REALM_INVALID} the representation has no realm name, or refers to something that it does not define
   */
  importRealm(representation: unknown): Promise<void>
  /**
   * Adds realms from Keycloak exports: all of them, or none if one is invalid. By default an existing realm is left unchanged,
   * like Keycloak's `--import-realm`. With `replace` the new realm replaces it, and the old users and sessions are lost.
   *
   * @throws {CW_REALM_INVALID} as {@link DevRealm.importRealm}
   * @throws {CW_STATE_UNAVAILABLE} the database cannot be written
   */
  importRealms(representations: readonly unknown[], options?: ImportOptions): Promise<ImportedRealm[]>
  /** Whether changes can be stored: false after a failure until the database can be written again. `/health/ready` reports it. */
  isWritable(): Promise<boolean>
  /** Closes the server; everything is stored when it resolves. */
  close(): Promise<void>
}

/**
 * Creates an embedded realm server: the realm `master` with its administrator, and every realm in the database.
 *
 * @example
 * ```ts
 * import { createDevRealm } from '@cloakwright/devrealm'
 *
 * export async function startRealm(): Promise<string> {
 *   const devRealm = await createDevRealm()
 *   await devRealm.importRealm({ realm: 'demo', enabled: true })
 *   return devRealm.listen()
 * }
 * ```
 */
export async function createDevRealm(options: DevRealmOptions = {}): Promise<DevRealm> {
  requireOptions('createDevRealm', '', options, {
    hostname: 'string',
    admin: 'object',
    sql: 'object',
    now: 'function',
  })
  const { now = systemTime } = options
  const store = await Store.open(options.sql, now)
  const context = createRealmContext({
    store,
    features: new Set(options.features),
    hostname: options.hostname?.replace(/\/+$/, ''),
    now,
  })
  if (store.realm(masterName) === undefined) await createMaster(store, options.admin)
  void prepareKeys(store.realms())
  await store.commit()
  const app = buildServer(context, options.logger)
  const sweeper = setInterval(() => {
    for (const realm of store.realms()) sweep(realm, Math.floor(now() / 1000))
  }, 60_000)
  sweeper.unref()
  app.addHook('onClose', async () => {
    clearInterval(sweeper)
    await store.close()
  })
  return {
    app,
    listen: (where = {}) => listen(app, where, options.dangerouslyListenBeyondLoopback === true),
    importRealm: async (representation) => {
      await importInto(store, [representation], { strategy: 'replace' })
    },
    importRealms: (representations, how = {}) => importInto(store, representations, how),
    isWritable: () => store.isWritable(),
    close: async () => {
      await closeSecondServers(app)
      await app.close()
    },
  }
}

async function createMaster(store: Store, admin = { username: 'admin', password: 'admin' }): Promise<void> {
  const master = createRealm(store, { realm: masterName, enabled: true })
  const role = master.role('admin')
  master.users.put({
    id: randomUUID(),
    username: admin.username.toLowerCase(),
    enabled: true,
    emailVerified: false,
    createdTimestamp: master.now(),
    requiredActions: [],
    notBefore: 0,
    attributes: { is_temporary_admin: ['true'] },
    credentials: [await passwordCredential(admin.password, master.now())],
    roles: [master.info.defaultRoleId, ...(role === undefined ? [] : [role.id])],
    groups: [],
  })
}
