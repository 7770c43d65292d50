import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Admin, createAdmin } from '@cloakwright/admin'
import { findKeycloak, startKeycloak } from '@cloakwright/cli/keycloak'

/** A real Keycloak for one benchmark. */
export interface KeycloakProcess {
  /** Base URL, without a trailing slash. */
  readonly server: string
  readonly credentials: { readonly username: string; readonly password: string }
  /** The Admin API of a realm, as master's administrator. */
  admin(realm: string): Admin
  stop(): Promise<void>
}

/**
 * Starts Keycloak on a free loopback port; the first time it is downloaded. Administrator tokens are valid for two hours,
 * because peers do not renew them.
 */
export async function startKeycloakProcess(topic: string): Promise<KeycloakProcess> {
  const note = (text: string): void => void process.stderr.write(`${topic}: ${text}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'cloakwright-bench-'))
  const credentials = { username: 'admin', password: 'admin' }
  const reporter = { note, progress: () => {} }
  try {
    const distribution = await findKeycloak({ reporter })
    const keycloak = await startKeycloak({ distribution, folder, admin: credentials, reporter })
    const { server } = keycloak
    const admin = (realm: string): Admin => createAdmin({ server, realm, credentials })
    await admin('master').client.realms.update({ realm: 'master' }, { accessTokenLifespan: 7200 })
    return {
      server,
      credentials,
      admin,
      stop: async () => {
        await keycloak.stop()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
