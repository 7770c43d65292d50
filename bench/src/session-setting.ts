import { randomBytes } from 'node:crypto'
import { fromPool, migrate, migrations } from 'cloakwright/state'
import { Pool } from 'pg'
import { freePort } from '../../scripts/lib/ports.mjs'
import { postgresqlFolder, startPostgresql } from '../../scripts/lib/postgresql.mjs'
import { Problem } from '../../scripts/lib/program.mjs'
import { redisProgram, startRedis } from '../../scripts/lib/redis.mjs'
import { provide } from '../../scripts/lib/system.mjs'
import { type AppProcess, startApp } from './app-process.ts'
import { type SessionRealm, startSessionRealm } from './session-realm.ts'

/** A part of the setting, to stop at the end. */
export interface Stoppable {
  stop(): Promise<unknown>
}

/** What the applications share. */
export interface Setting {
  readonly realm: SessionRealm
  readonly secret: string
  /** Why there is no Redis. */
  readonly noRedis: string | undefined
  /** Where a process listens. */
  readonly originOf: (name: string) => string
  /**
   * Starts an application of `apps/`.
   *
   * @param name The name of the process; that of the application, except for a second process of it.
   */
  readonly start: (name: string, app?: string) => Promise<AppProcess>
}

/**
 * Starts PostgreSQL, Redis and the realm, and chooses ports for processes with these names.
 *
 * @param started Receives what must be stopped, even if the start fails.
 */
export async function startSetting(
  names: readonly string[],
  users: number,
  started: Stoppable[],
): Promise<Setting> {
  await provide([
    { name: 'PostgreSQL', found: () => postgresqlFolder() !== undefined, package: 'postgresql' },
  ])
  const postgresql = await startPostgresql()
  started.push(postgresql)
  await createTables(postgresql.url)
  const redis = await startRedisIfPossible(started)
  const origins = new Map<string, string>()
  for (const name of names) origins.set(name, `http://127.0.0.1:${await freePort()}`)
  const originOf = (name: string): string => origins.get(name) ?? ''
  const realm = await startSessionRealm([...origins.values()], users)
  started.push(realm)
  const secret = randomBytes(32).toString('base64url')
  return {
    realm,
    secret,
    noRedis: 'missing' in redis ? redis.missing : undefined,
    originOf,
    start: async (name, app = name) => {
      const application = await startApp(app, realm.issuer, {
        PORT: new URL(originOf(name)).port,
        PUBLIC_URL: originOf(app),
        CLIENT_ID: realm.clientId,
        CLIENT_SECRET: realm.clientSecret,
        DATABASE_URL: postgresql.url,
        REDIS_URL: 'url' in redis ? redis.url : '',
        SECRET: secret,
      })
      started.push(application)
      return application
    },
  }
}

async function createTables(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url })
  await migrate(fromPool(pool), 'cloakwright', migrations)
  await pool.end()
}

async function startRedisIfPossible(
  started: Stoppable[],
): Promise<{ readonly url: string } | { readonly missing: string }> {
  try {
    await provide([{ name: 'Redis', found: () => redisProgram() !== undefined, package: 'redis-server' }])
  } catch (error) {
    if (error instanceof Problem) return { missing: error.message }
    throw error
  }
  const redis = await startRedis({ persistent: false })
  started.push(redis)
  return redis
}
