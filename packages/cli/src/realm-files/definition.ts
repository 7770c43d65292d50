import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { CloakwrightError } from 'cloakwright'
import { readRealms } from './export-file.ts'

/**
 * Loads a realm definition: JSON as `realm export` writes it, or a module whose default export is
 * `(env: NodeJS.ProcessEnv) => RealmDefinition`, or an async one.
 *
 * @throws {CW_CONFIG_MISSING} when the file does not exist
 * @throws {CW_REALM_INVALID} when it is not a realm definition
 */
export async function loadDefinition(file: string): Promise<RealmDefinition> {
  const path = resolve(file)
  if (!existsSync(path)) {
    throw new CloakwrightError('CW_CONFIG_MISSING', `--realm: ${file} does not exist`, {
      hint: file.includes('dist/')
        ? 'Build it first: npm run build'
        : 'Give the path of a realm module, or of a JSON definition',
    })
  }
  if (file.endsWith('.json')) return fromJson(file)
  const { default: define } = await loading(
    file,
    import(pathToFileURL(path).href) as Promise<{ default?: unknown }>,
  )
  if (typeof define !== 'function') {
    throw new CloakwrightError('CW_REALM_INVALID', `The default export of ${file} is not a function`, {
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
        hint: 'Export the live realm as a definition: cloakwright realm export --realm NAME --out FILE.json',
      },
    )
  }
  return defineRealm(definition as RealmDefinition)
}

/** A definition has no ids. */
function isKeycloakExport(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('keycloakVersion' in value || 'id' in value)
}

/** Reports an error in the module with its place in the module, without our stack. */
async function loading<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof CloakwrightError || !(error instanceof Error)) throw error
    const place = /at (?:.*\()?((?!node:).+:\d+:\d+)\)?$/m.exec(error.stack ?? '')?.[1]
    throw new CloakwrightError(
      'CW_REALM_INVALID',
      `Could not load ${file}: ${error.name}: ${error.message}`,
      {
        hint: place === undefined ? 'Correct the module' : `Correct the module, at ${place}`,
        cause: error,
      },
    )
  }
}
