import { readFileSync } from 'node:fs'
import { createDevRealm, type DevRealm, type DevRealmOptions, migrations } from '@cloakwright/devrealm'
import { type Home, openHome } from '@cloakwright/devrealm/home'
import { CloakwrightError } from 'cloakwright'
import { migrate } from 'cloakwright/state'
import { Command } from 'commander'
import { bootstrapAdmin, partFolder, toPort } from '../environment.ts'
import { duration, note, print } from '../output.ts'
import { untilStopped } from '../stop.ts'

interface Options {
  readonly port: number
  readonly memory?: true
  readonly import?: string
}

/** `cloakwright devrealm`: the embedded Keycloak-compatible realm alone, until it is told to stop. */
export function devrealmCommand(): Command {
  return new Command('devrealm')
    .description('Run the embedded Keycloak-compatible realm (loopback only, no Java, no Docker).')
    .option('--port <number>', 'where it listens', toPort, 8080)
    .option('--memory', 'keep nothing; by default its state is kept under CLOAKWRIGHT_HOME/devrealm')
    .option(
      '--import <file>',
      "add the realm of a Keycloak export (JSON), in place of one with the file's name",
    )
    .addHelpText(
      'after',
      '\nThe administrator of the realm master is admin/admin, or KC_BOOTSTRAP_ADMIN_USERNAME and _PASSWORD when it is made.',
    )
    .action(devrealm)
}

async function devrealm(options: Options): Promise<void> {
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

/** The realms of an export: one, or a list of them. */
function readRealms(file: string): unknown[] {
  const content: unknown = parse(read(file), file)
  return Array.isArray(content) ? content : [content]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CloakwrightError(
      'CW_CONFIG_MISSING',
      `--import names ${file}, which can't be read (${reason})`,
      {
        hint: "Give the path of a realm's export, made by Keycloak's kc.sh export or its console",
        cause: error,
      },
    )
  }
}

/** V8's own message shows the text around the mistake, which may be a secret: only the place leaves here. */
function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const found = /position (\d+)/.exec(String(error))?.[1]
    const before = text.slice(0, found === undefined ? text.length : Number(found)).split('\n')
    const place = `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
    throw new CloakwrightError('CW_REALM_INVALID', `${place}: this is not JSON`, {
      hint: 'Correct the file at that line and column, or export the realm again',
    })
  }
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
