import { writeFileSync } from 'node:fs'
import { exportRealm, neverExported } from '@cloakwright/admin/realm'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connectToDefine } from '../../connection/index.ts'
import { escaped, note, print, toJson } from '../../terminal/index.ts'

interface Options extends ConnectionOptions {
  readonly out?: string
  readonly users?: true
}

/** `cloakwright realm export`. What the definition omits is listed on standard error. */
export async function exportLive(options: Options): Promise<void> {
  const { out, users = false } = options
  const live = connectToDefine(options)
  const realm = options.realm ?? live.realm
  const { definition, leftOut } = await exportRealm(live.admin, realm, { users })
  const json = toJson(definition, 2)
  if (out === undefined) print(json)
  else {
    write(out, `${json}\n`)
    print(`The definition of ${realm} was written to ${out}`)
  }
  for (const line of leftOut) note(escaped(`not exported: ${line}`))
  note(`not exported: ${users ? 'passwords' : 'users (add them with --users)'}`)
  note(`never exported: ${neverExported}`)
}

/** Writes a new file: an export must not replace a reviewed definition. */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw error
    throw new CloakwrightError('CW_CONFIG_INVALID', `--out: ${path} exists already`, {
      hint: 'Give the path of a new file, or move the existing one away',
      cause: error,
    })
  }
}
