import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineRealm, type RealmDefinition } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'

/**
 * The realm that a module describes for these environment variables: its default export is
 * `(env: NodeJS.ProcessEnv) => RealmDefinition`, or a promise of one.
 *
 * @throws {CW_CONFIG_MISSING} when there is no such file
 * @throws {CW_REALM_INVALID} when it does not describe a realm
 */
export async function loadDefinition(file: string): Promise<RealmDefinition> {
  const path = resolve(file)
  if (!existsSync(path)) {
    throw new CloakwrightError('CW_CONFIG_MISSING', `--realm names ${file}, which is not there`, {
      hint: file.includes('dist/') ? 'Build it first: npm run build' : 'Give the path of the realm module',
    })
  }
  const { default: define } = (await import(pathToFileURL(path).href)) as { default?: unknown }
  if (typeof define !== 'function') {
    throw new CloakwrightError('CW_REALM_INVALID', `${file} has no function as its default export`, {
      hint: 'Write: export default (env) => defineRealm({ realm: … })',
    })
  }
  const definition: unknown = await (define as (env: NodeJS.ProcessEnv) => unknown)(process.env)
  return defineRealm(definition as RealmDefinition)
}
