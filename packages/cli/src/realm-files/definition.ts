import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { CloakwrightError } from 'cloakwright'
import { readRealms } from './export-file.ts'

/**
 * The realm that a file describes: JSON, as `realm export` writes it, or a module whose default export is
 * `(env: NodeJS.ProcessEnv) => RealmDefinition`, or a promise of one.
 *
 * @throws {CW_CONFIG_MISSING} when there is no such file
 * @throws {CW_REALM_INVALID} when it does not describe a realm
 */
export async function loadDefinition(file: string): Promise<RealmDefinition> {
  const path = resolve(file)
  if (!existsSync(path)) {
    throw new CloakwrightError('CW_CONFIG_MISSING', `--realm names ${file}, which is not there`, {
      hint: file.includes('dist/')
        ? 'Build it first: npm run build'
        : 'Give the path of a realm module, or of a definition in JSON',
    })
  }
  if (file.endsWith('.json')) return fromJson(file)
  const { default: define } = await loading(
    file,
    import(pathToFileURL(path).href) as Promise<{ default?: unknown }>,
  )
  if (typeof define !== 'function') {
    throw new CloakwrightError('CW_REALM_INVALID', `${file} has no function as its default export`, {
      hint: 'Write: export default (env) => defineRealm({ realm: … })',
    })
  }
  const describe = define as (env: NodeJS.ProcessEnv) => unknown
  return defineRealm((await loading(file, (async () => describe(process.env))())) as RealmDefinition)
}

function fromJson(file: string): RealmDefinition {
  const [definition, ...others] = readRealms(file, '--realm')
  if (others.length > 0 || isKeycloakExport(definition)) {
    throw new CloakwrightError(
      'CW_REALM_INVALID',
      `${file} is Keycloak's own export, not a realm definition`,
      {
        hint: 'Write the live realm as a definition: cloakwright realm export --realm NAME --out FILE.json',
      },
    )
  }
  return defineRealm(definition as RealmDefinition)
}

/** A definition has no ids. */
function isKeycloakExport(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('keycloakVersion' in value || 'id' in value)
}

/** What goes wrong in the module is its author's to correct: the place in it, not a stack of ours. */
async function loading<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CloakwrightError || !(error instanceof Error)) throw error
    const place = /at (?:.*\()?((?!node:).+:\d+:\d+)\)?$/m.exec(error.stack ?? '')?.[1]
    throw new CloakwrightError(
      'CW_REALM_INVALID',
      `${file} can't be loaded: ${error.name}: ${error.message}`,
      {
        hint: place === undefined ? 'Correct the module' : `Correct the module, at ${place}`,
        cause: error,
      },
    )
  }
}
