import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { definedRoleNames, type RealmRoleNames, readRoleNames, toRoleTypes } from '@cloakwright/admin/realm'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connectToDefine } from '../../connection/index.ts'
import { loadDefinition, readRealms } from '../../realm-files/index.ts'
import { print } from '../../terminal/index.ts'

interface Options extends ConnectionOptions {
  readonly out?: string
}

/** `cloakwright realm types`: the realm's roles as a declaration file. */
export async function types(options: Options): Promise<void> {
  const { out } = options
  const text = toRoleTypes(await roleNames(options))
  if (out === undefined) process.stdout.write(text)
  else if (existsSync(out) && readFileSync(out, 'utf8') === text) print(`${out} is already up to date`)
  else {
    write(out, text)
    print(`The types were written to ${out}`)
  }
}

async function roleNames(options: Options): Promise<RealmRoleNames> {
  const { realm } = options
  if (realm === undefined) {
    const live = connectToDefine(options)
    return await readRoleNames(live.admin, live.realm)
  }
  if (!realm.endsWith('.json')) return definedRoleNames(await loadDefinition(realm))
  const [exported, second] = readRealms(realm, '--realm')
  if (isObject(exported) && second === undefined) return definedRoleNames(exported)
  throw new CloakwrightError('CW_REALM_INVALID', `${realm} is not an export of one realm`, {
    hint: 'Export that realm alone: kc.sh export --realm NAME --file FILE',
  })
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CloakwrightError('CW_CONFIG_INVALID', `--out: could not write ${file} (${reason})`, {
      hint: 'Give the path of a file in an existing folder',
      cause: error,
    })
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
