import type { DevRealm } from '@cloakwright/devrealm'
import type { Home } from '@cloakwright/devrealm/home'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Parts } from './app.ts'
import type { Config } from './config/index.ts'
import type { Database } from './database/index.ts'

/** Options of start-up, in addition to the configuration. */
export interface Starting {
  readonly logger: Logger
  /** Prints why start-up takes longer. */
  readonly say?: (message: string) => void
  /** Aborts a start that waits. */
  readonly signal?: AbortSignal
  /** The administrator of the embedded Keycloak; admin/admin by default. */
  readonly admin?: { readonly username: string; readonly password: string }
}

/** A server that listens and is ready. */
export interface Server {
  readonly app: FastifyInstance
  readonly database: Database
  /** Closes everything in the reverse order of its start. Calling it again has no effect. */
  close(): Promise<void>
}

/**
 * Starts the whole server: state folder, database, migrations, realm, verifier, sessions, routes; then listens.
 * If a step fails, the earlier ones are closed again.
 *
 * @throws {CW_CONFIG_INVALID} And the other codes of start-up; message and hint name the variable and the next step.
 */
export async function createServer(config: Config, starting: Starting): Promise<Server> {
  const { logger } = starting
  const opened: Ends = []
  const close = once(async () => {
    for (const end of opened.reverse()) await end()
  })
  try {
    const needsHome = config.databaseUrl === undefined || config.keycloak.embedded
    const home = needsHome ? await holdHome(config, opened) : undefined
    // Both take a second: the database opens while the modules load.
    const opening = openDatabase(config, home, logger, opened)
    const loading = Promise.all([
      import('./app.ts'),
      import('cloakwright'),
      import('cloakwright/session'),
      import('cloakwright/state'),
      config.keycloak.embedded ? import('./keycloak/embedded.ts') : import('./keycloak/probe.ts'),
    ])
    const [database, [{ createApp }]] = await Promise.all([opening, loading])
    await migrateDatabase(database)

    const realm = await provideRealm(config, database, starting, opened)

    const { revocations, verifier, sessions } = await createSecurity(config, database, logger, opened)
    const app = await createApp({ config, database, verifier, revocations, sessions, logger, realm })
    opened.push(() => app.close())

    await verifier.ready()
    const { listen } = await import('./http/listen.ts')
    await listen(app, config.port, config.hosts)
    return { app, database, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Ends = (() => Promise<unknown>)[]

/** The folder of the embedded parts, which are loaded only if they are used. */
async function holdHome(config: Config, opened: Ends): Promise<Home> {
  const { openHome } = await import('@cloakwright/devrealm/home')
  const home = await openHome(config.home)
  opened.push(() => home.close())
  return home
}

async function openDatabase(
  config: Config,
  home: Home | undefined,
  logger: Logger,
  opened: Ends,
): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const { openPostgresql } = await import('./database/postgresql.ts')
    const onLost = (err: Error) => logger.warn({ err }, 'lost a database connection')
    const database = await openPostgresql(config.databaseUrl, onLost)
    opened.push(() => database.close())
    return database
  }
  if (home === undefined) throw new Error('the embedded database has no folder')
  // Closed together with its folder. On a first start its files are copied in the background, so this starts first.
  const [, { openEmbeddedDatabase }] = await Promise.all([
    home.openDatabase(),
    import('./database/embedded.ts'),
  ])
  return await openEmbeddedDatabase(home)
}

async function migrateDatabase({ sql }: Database): Promise<void> {
  const { migrate, migrations } = await import('cloakwright/state')
  const { readAppMigrations } = await import('./database/migrations.ts')
  await migrate(sql, 'cloakwright', migrations)
  await migrate(sql, 'app', await readAppMigrations())
}

/** The embedded realm, with the realm of the variables applied; or the real one, which must match them. */
async function provideRealm(
  config: Config,
  database: Database,
  {
    logger,
    say = () => {},
    signal = new AbortController().signal,
    admin = { username: 'admin', password: 'admin' },
  }: Starting,
  opened: Ends,
): Promise<DevRealm | undefined> {
  if (config.keycloak.embedded) {
    const { startEmbeddedRealm } = await import('./keycloak/embedded.ts')
    const realm = await startEmbeddedRealm(config, database.sql, admin, logger)
    opened.push(() => realm.close())
    return realm
  }
  const { checkKeycloak } = await import('./keycloak/probe.ts')
  await checkKeycloak(config, { say, signal })
  return undefined
}

/** Identifies the sender of a request: revocations, tokens, sessions. */
async function createSecurity(
  config: Config,
  database: Database,
  logger: Logger,
  opened: Ends,
): Promise<Pick<Parts, 'revocations' | 'verifier' | 'sessions'>> {
  const [{ createRevocations, createVerifier }, { createSessions }, state] = await Promise.all([
    import('cloakwright'),
    import('cloakwright/session'),
    import('cloakwright/state'),
  ])
  const revocations = createRevocations({ store: state.postgresRevocationStore(database.sql) })
  opened.push(() => revocations.close())
  const verifier = createVerifier({
    revocations,
    issuer: config.keycloak.issuer,
    internalUrl: config.keycloak.realmUrl,
    audience: config.keycloak.clientId,
    dangerouslyAllowHttp: !config.production,
    onKeysError: (err) => logger.warn({ err }, "could not fetch the realm's keys"),
  })
  const sessions = createSessions({
    issuer: config.keycloak.issuer,
    internalUrl: config.keycloak.realmUrl,
    clientId: config.keycloak.clientId,
    clientSecret: () => config.clientSecret(),
    publicUrl: config.publicUrl,
    keys: () => config.sessionKeys(),
    pages: { name: 'Cloakwright' },
    onError: (err, { requestId }) =>
      logger.warn(
        { err, reqId: requestId },
        err.code === 'CW_PROXY_HOST'
          ? 'a proxy does not forward the host of the request'
          : 'a login or logout failed',
      ),
    dangerouslyAllowHttp: !config.production,
    store: state.postgresSessionStore(database.sql),
    revocations,
  })
  opened.push(() => sessions.close())
  return { revocations, verifier, sessions }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}
