import { createAdmin } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { createDevRealm, type DevRealm, migrations } from '@cloakwright/devrealm'
import { migrate, type SqlClient } from 'cloakwright/state'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/index.ts'
import { portTaken } from '../http/index.ts'
import { realmDefinition } from '../realm.ts'

/** The administrator of the embedded Keycloak, as in Keycloak's own container. */
interface Administrator {
  readonly username: string
  readonly password: string
}

/**
 * Starts the embedded realm on `KEYCLOAK_PORT` and applies the realm of the variables to it. Admin API and definition
 * are the same as for a real Keycloak.
 *
 * @throws {CW_PORT_TAKEN} Another process listens on `KEYCLOAK_PORT`.
 */
export async function startEmbeddedRealm(
  config: Config,
  sql: SqlClient,
  admin: Administrator,
  logger: FastifyBaseLogger,
): Promise<DevRealm> {
  const { server, port, realm, clientId } = config.keycloak
  await migrate(sql, 'devrealm', migrations)
  // Its own requests are rarely interesting in the server's log.
  const quiet = logger.child({ part: 'devrealm' }, logger.level === 'info' ? { level: 'warn' } : {})
  const dev = await createDevRealm({
    hostname: server,
    admin,
    sql,
    logger: quiet,
  })
  try {
    await dev.listen({ port }).catch((error: unknown) => {
      throw (error as { code?: unknown }).code === 'CW_PORT_TAKEN'
        ? portTaken('KEYCLOAK_PORT', port, `localhost:${port}`)
        : error
    })
    const definition = realmDefinition({
      realm,
      clientId,
      clientSecret: await config.clientSecret(),
      publicUrl: config.publicUrl,
      profile: 'development',
    })
    const changes = await ensureRealm(createAdmin({ server, credentials: admin }), definition)
    logger.info({ realm, changes: changes.length }, 'the embedded realm was applied')
    return dev
  } catch (error) {
    await dev.close()
    throw error
  }
}
