import { createServer } from 'node:net'
import {
  createDevRealm,
  type DevRealm,
  type DevRealmOptions,
  type ImportedRealm,
  type ImportStrategy,
  migrations,
  type RealmContentCount,
} from '@cloakwright/devrealm'
import { type Home, openHome } from '@cloakwright/devrealm/home'
import { CloakwrightError } from 'cloakwright'
import { migrate } from 'cloakwright/state'
import { bootstrapAdmin, partFolder } from '../../environment/index.ts'
import { readRealms } from '../../realm-files/index.ts'
import { countOf, duration, note, print, untilStopped } from '../../terminal/index.ts'
import { realmLog } from './realm-log.ts'

interface Options {
  readonly port: number
  readonly memory?: true
  readonly import?: readonly string[]
  readonly importStrategy: ImportStrategy
  readonly lenient?: true
}

/** `cloakwright devrealm`: runs the embedded realm until SIGINT or SIGTERM. */
export async function devrealm(options: Options): Promise<void> {
  const stopped = untilStopped()
  const files = (options.import ?? []).flatMap((file) =>
    readRealms(file).map((representation) => ({ file, representation })),
  )
  const home = options.memory === true ? undefined : await openHome(partFolder('devrealm'))
  try {
    await requireFreePort(options.port)
    const realm = await createDevRealm({
      admin: bootstrapAdmin(),
      logger: realmLog(),
      ...(await stateOf(home)),
    })
    try {
      if (files.length > 0) note(`Importing ${countOf(files.length, 'realm')}…`)
      const imported = await realm.importRealms(
        files.map(({ representation }) => representation),
        {
          strategy: options.importStrategy,
          sources: files.map(({ file }) => file),
          lenient: options.lenient === true,
        },
      )
      for (const each of imported) {
        print(told(each))
        for (const warning of each.warnings ?? [])
          note(`Warning: the realm ${each.realm} has settings ${warning}`)
      }
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
    throw portTaken(port, error)
  }
}

/** Checks the port before the import, so that a failed start replaces no realm. */
async function requireFreePort(port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(portTaken(port, error))
      else resolve()
    })
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve()))
  })
}

function portTaken(port: number, cause: Error): CloakwrightError {
  return new CloakwrightError('CW_PORT_TAKEN', `Another process uses port ${port}`, {
    hint: `Stop that process, or choose another port: --port ${port + 1}`,
    cause,
  })
}

/** The result of an import: what was lost, and what the realm has now. */
function told({ realm, outcome, content, lost }: ImportedRealm): string {
  if (outcome === 'skipped') {
    return `Skipped the realm ${realm}: it exists with ${counted(content)}. To replace it: --import-strategy replace`
  }
  if (lost === undefined) return `Imported the realm ${realm}: ${counted(content)}`
  return `Replaced the realm ${realm}: deleted ${counted(lost)}, imported ${counted(content)}`
}

function counted({ users, sessions, groups, clients }: RealmContentCount): string {
  const parts = [
    [users, 'user'],
    [sessions, 'session'],
    [groups, 'group'],
    [clients, 'client'],
  ] as const
  return parts.map(([count, what]) => countOf(count, what)).join(', ')
}

function printReady(server: string, home: Home | undefined): void {
  const { username } = bootstrapAdmin()
  print(`The embedded realm is ready in ${duration(performance.now())}`)
  print()
  print(`  Server   ${server}   (administrator of master: ${username})`)
  print(`  State    ${home === undefined ? 'in memory, not kept' : home.folder}`)
  print()
  print('Stop with Ctrl+C.')
}
