import { createAdmin } from '@cloakwright/admin'
import { describeChange, ensureRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { openHome } from '@cloakwright/devrealm/home'
import { CloakwrightError } from 'cloakwright'
import { trailOf } from '../../connection/index.ts'
import { bootstrapAdmin, keycloakPort, partFolder } from '../../environment/index.ts'
import { findKeycloak, keycloakVersion, type RunningKeycloak, startKeycloak } from '../../keycloak/index.ts'
import { loadDefinition } from '../../realm-files/index.ts'
import { duration, endProgress, note, print, progress, untilStopped } from '../../terminal/index.ts'

interface Options {
  readonly realm?: string
}

/** `cloakwright keycloak`: runs the real Keycloak until SIGINT or SIGTERM, with an optional realm applied. */
export async function keycloak(options: Options): Promise<void> {
  const stopping = new AbortController()
  const stopped = untilStopped().then(() => stopping.abort())
  const reporter = { note, progress }
  const admin = bootstrapAdmin()
  const port = keycloakPort()
  const definition = options.realm === undefined ? undefined : await loadDefinition(options.realm)
  const home = await openHome(partFolder('keycloak'))
  let running: RunningKeycloak | undefined
  try {
    const distribution = await findKeycloak({ reporter, signal: stopping.signal })
    running = await startKeycloak({
      distribution,
      folder: home.folder,
      port,
      admin,
      reporter,
      signal: stopping.signal,
    })
    let applied: string[] = []
    if (definition !== undefined) {
      progress(`Applying the realm ${definition.realm}…`)
      applied = await Promise.race([applyDefinition(running.server, definition, home.folder), running.failed])
    }
    endProgress()
    for (const line of applied) print(line)
    printReady(running.server, admin.username, definition?.realm, applied.length, home.folder)
    await Promise.race([stopped, running.failed])
    note('Stopping Keycloak…')
  } catch (error) {
    // Clean shutdown on SIGINT or SIGTERM during the start.
    if (!stopping.signal.aborted) throw error
  } finally {
    endProgress()
    await running?.stop()
    await home.close()
  }
}

async function applyDefinition(
  server: string,
  definition: RealmDefinition,
  folder: string,
): Promise<string[]> {
  const credentials = bootstrapAdmin()
  try {
    const recorder = trailOf({})
    const admin = createAdmin({ server, credentials, ...(recorder === undefined ? {} : { recorder }) })
    const changes = await ensureRealm(admin, definition)
    return changes.map(describeChange)
  } catch (error) {
    if (!(error instanceof CloakwrightError) || error.code !== 'CW_ADMIN_UNAUTHORIZED') throw error
    throw new CloakwrightError(error.code, error.message, {
      hint: `Set KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD to the administrator that ${folder} was created with,\nor delete that folder to start again`,
      cause: error,
    })
  }
}

function printReady(
  server: string,
  username: string,
  realm: string | undefined,
  changes: number,
  folder: string,
): void {
  print(`Keycloak ${keycloakVersion} is ready in ${duration(performance.now())}`)
  print()
  print(`  Console  ${server}/admin/   (administrator: ${username})`)
  print(`  State    ${folder}   (log: keycloak.log)`)
  if (realm !== undefined) {
    print(`  Realm    ${realm}   (${changes === 0 ? 'matches its definition' : `${changes} changed`})`)
    print()
    print(`To start the server with it, in another terminal:  KEYCLOAK_SERVER=${server} npm start`)
  }
  print()
  print('Stop with Ctrl+C.')
}
