import { createDevRealm, type DevRealm, type DevRealmOptions, migrations } from '@cloakwright/devrealm'
import { type Home, openHome } from '@cloakwright/devrealm/home'
import { CloakwrightError } from 'cloakwright'
import { migrate } from 'cloakwright/state'
import { bootstrapAdmin, partFolder } from '../environment.ts'
import { readRealms } from '../export-file.ts'
import { duration, note, print } from '../output.ts'
import { untilStopped } from '../stop.ts'

interface Options {
  readonly port: number
  readonly memory?: true
  readonly import?: string
}

/** `cloakwright devrealm`: the embedded Keycloak-compatible realm alone, until it is told to stop. */
export async function devrealm(options: Options): Promise<void> {
  const stopped = untilStopped()
  const imported = options.import === undefined ? [] : readRealms(options.import)
  const home = options.memory === true ? undefined : await openHome(partFolder('devrealm'))
  try {
    const realm = await createDevRealm({ admin: bootstrapAdmin(), ...(await stateOf(home)) })
    try {
      for (const representation of imported) await importRealm(realm, representation, options.import ?? '')
      const server = await listen(realm, options.port)
      printReady(server, home)
      await stopped
      note('Stopping…')
    } finally {
      await realm.close()
    }
  } finally {
    await home?.close()
  }
}

async function stateOf(home: Home | undefined): Promise<Pick<DevRealmOptions, 'sql'>> {
  if (home === undefined) return {}
  const { sql } = await home.openDatabase()
  await migrate(sql, 'devrealm', migrations)
  return { sql }
}

async function listen(realm: DevRealm, port: number): Promise<string> {
  try {
    return await realm.listen({ port })
  } catch (error) {
    if (!(error instanceof CloakwrightError) || error.code !== 'CW_PORT_TAKEN') throw error
    throw new CloakwrightError('CW_PORT_TAKEN', `port ${port} is taken by another process`, {
      hint: `Stop that process, or choose another port: --port ${port + 1}`,
      cause: error,
    })
  }
}

function printReady(server: string, home: Home | undefined): void {
  const { username } = bootstrapAdmin()
  print(`The embedded realm is ready in ${duration(performance.now())}`)
  print()
  print(`  Server   ${server}   (administrator of master: ${username})`)
  print(`  State    ${home === undefined ? 'in memory, gone at the end' : home.folder}`)
  print()
  print('Stop with Ctrl+C.')
}

async function importRealm(realm: DevRealm, representation: unknown, file: string): Promise<void> {
  try {
    await realm.importRealm(representation)
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    throw new CloakwrightError(error.code, `${file}: ${error.message}`, {
      hint: error.hint ?? 'Correct the file, or export the realm again',
      cause: error,
    })
  }
}
