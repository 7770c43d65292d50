/**
 * `npm run test:keycloak [vitest's arguments]`: the conformance suite, the server's own tests and those of the admin toolkit on
 * the real Keycloak, PostgreSQL and Redis, which it starts for this run only. It installs what is missing if it can.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresqlFolder, startPostgresql } from './lib/postgresql.mjs'
import { main } from './lib/program.mjs'
import { redisProgram, startRedis } from './lib/redis.mjs'
import { chromium, provide, runs } from './lib/system.mjs'
import { abortedBySignals, runVitest } from './lib/vitest.mjs'

const reporter = {
  note: (text) => console.error(text),
  progress: everyTenSeconds((text) => console.error(text)),
}

function everyTenSeconds(show) {
  let next = 0
  return (text) => {
    if (performance.now() < next) return
    next = performance.now() + 10_000
    show(text)
  }
}

/** Keycloak's settings for a database, which it takes from the environment. */
function keycloakDatabase(url) {
  const { host, pathname, username, password } = new URL(url)
  return {
    KC_DB_URL: `jdbc:postgresql://${host}${pathname}`,
    KC_DB_USERNAME: username,
    KC_DB_PASSWORD: password,
  }
}

await main(async () => {
  const signal = abortedBySignals()
  await provide([
    { name: 'PostgreSQL', found: () => postgresqlFolder() !== undefined, package: 'postgresql' },
    { name: 'Redis', found: () => redisProgram() !== undefined, package: 'redis-server' },
    { name: 'Chromium', found: () => chromium() !== undefined, package: 'chromium' },
    { name: 'nginx', found: () => runs('nginx', '-v'), package: 'nginx-light' },
    { name: 'Java', found: () => runs('java', '-version'), package: 'default-jre-headless' },
    {
      name: 'Maven',
      found: () => Boolean(process.env.KEYCLOAK_HOME) || runs('mvn', '-version'),
      package: 'maven',
    },
  ])
  const { findKeycloak, startKeycloak } = await import('@cloakwright/cli/keycloak')
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-keycloak-'))
  const started = []
  let code = 1
  try {
    const distribution = await findKeycloak({ reporter, signal })
    const postgresql = await startPostgresql()
    started.push(postgresql)
    const redis = await startRedis()
    started.push(redis)
    const admin = { username: 'admin', password: 'admin' }
    // Its development database fails a write (500) while the deletion of a realm holds the locks.
    Object.assign(process.env, keycloakDatabase(await postgresql.createDatabase('keycloak')))
    const keycloak = await startKeycloak({
      distribution,
      folder: folder,
      admin,
      // For secret rotation: two valid secrets of a client.
      args: ['--db=postgres', '--features=client-secret-rotation'],
      reporter,
      signal,
    })
    started.push(keycloak)
    console.error(`Testing on Keycloak at ${keycloak.server} with PostgreSQL and Redis`)
    const variables = {
      KEYCLOAK_SERVER: keycloak.server,
      CONFORMANCE_SERVER: keycloak.server,
      CONFORMANCE_ADMIN_USERNAME: admin.username,
      CONFORMANCE_ADMIN_PASSWORD: admin.password,
      DATABASE_URL: postgresql.url,
      REDIS_URL: redis.url,
      CHROMIUM_PATH: chromium(),
    }
    const tests = runVitest('vitest.keycloak.config.ts', process.argv.slice(2), variables, signal)
    code = await Promise.race([tests, keycloak.failed])
  } catch (error) {
    console.error(error.message, error.hint ?? '')
  } finally {
    for (const each of started.reverse()) await each.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  process.exit(signal.aborted ? 1 : code)
})
