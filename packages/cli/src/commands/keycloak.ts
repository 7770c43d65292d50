import { createAdmin, describeChange, ensureRealm } from '@cloakwright/admin'
import { openHome } from '@cloakwright/devrealm/home'
import { Command } from 'commander'
import { loadDefinition } from '../definition.ts'
import { bootstrapAdmin, keycloakPort, partFolder } from '../environment.ts'
import { findKeycloak, keycloakVersion, type RunningKeycloak, startKeycloak } from '../keycloak/index.ts'
import { duration, endProgress, note, print, progress } from '../output.ts'
import { untilStopped } from '../stop.ts'

interface Options {
  readonly realm?: string
}

/** `cloakwright keycloak`: the real Keycloak on this machine, with a realm applied to it, until it is told to stop. */
export function keycloakCommand(): Command {
  return new Command('keycloak')
    .description(`Run the real Keycloak ${keycloakVersion} on KEYCLOAK_PORT (8080), loopback only.`)
    .option(
      '--realm <module>',
      'bring this realm into line: a module whose default export is (env) => RealmDefinition',
    )
    .addHelpText(
      'after',
      `
It runs the distribution of KEYCLOAK_HOME; when that is unset, the one of Maven Central, which is fetched once.
It needs Java 17 or newer. Its state is kept under CLOAKWRIGHT_HOME/keycloak. The administrator of the realm
master is admin/admin, or KC_BOOTSTRAP_ADMIN_USERNAME and _PASSWORD when it is made.`,
    )
    .action(keycloak)
}

async function keycloak(options: Options): Promise<void> {
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
      const changes = await ensureRealm(
        createAdmin({ server: running.server, credentials: admin }),
        definition,
      )
      applied = changes.map(describeChange)
    }
    endProgress()
    for (const line of applied) print(line)
    printReady(running.server, admin.username, definition?.realm, applied.length)
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

function printReady(server: string, username: string, realm: string | undefined, changes: number): void {
  print(`Keycloak ${keycloakVersion} is ready in ${duration(performance.now())}`)
  print()
  print(`  Console  ${server}/admin/   (administrator: ${username})`)
  if (realm !== undefined) {
    print(`  Realm    ${realm}   (${changes === 0 ? 'it was in line already' : `${changes} changed`})`)
    print()
    print(`Start the server with it, in another terminal:  KEYCLOAK_SERVER=${server} npm start`)
  }
  print('Stop with Ctrl+C.')
}
