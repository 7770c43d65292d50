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

/** `cloakwright keycloak`: the real Keycloak on this machine, with a realm applied to it, until it is told to stop. */
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
    // Told to stop, it did.
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
      hint: `${folder} was made with another administrator: set KC_BOOTSTRAP_ADMIN_USERNAME and KC_BOOTSTRAP_ADMIN_PASSWORD\nto that one, or remove the folder to begin anew`,
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
  print(`  State    ${folder}   (its log: keycloak.log)`)
  if (realm !== undefined) {
    print(`  Realm    ${realm}   (${changes === 0 ? 'it matches its definition' : `${changes} changed`})`)
    print()
    print(`Start the server with it, in another terminal:  KEYCLOAK_SERVER=${server} npm start`)
  }
  print()
  print('Stop with Ctrl+C.')
}
