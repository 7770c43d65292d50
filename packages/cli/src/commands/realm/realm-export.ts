import { writeFileSync } from 'node:fs'
import { exportRealm, neverExported } from '@cloakwright/admin/realm'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connectToDefine } from '../../connection/index.ts'
import { escaped, note, print, toJson } from '../../terminal/index.ts'

interface Options extends ConnectionOptions {
  readonly out?: string
  readonly users?: true
}

/** `cloakwright realm export`: the live realm as a definition; what it leaves out goes to standard error. */
export async function exportLive(options: Options): Promise<void> {
  const { out, users = false } = options
  const live = connectToDefine(options)
  const realm = options.realm ?? live.realm
  const { definition, leftOut } = await exportRealm(live.admin, realm, { users })
  const json = toJson(definition, 2)
  if (out === undefined) print(json)
  else {
    write(out, `${json}\n`)
    print(`${out} has the definition of ${realm}`)
  }
  for (const line of leftOut) note(escaped(`left out: ${line}`))
  note(`left out: ${users ? 'passwords' : 'users (--users adds them)'}`)
  note(`never in a definition: ${neverExported}`)
}

/** Into a new file: an export is not to replace a definition that somebody reviewed. */
function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw error
    throw new CloakwrightError('CW_CONFIG_INVALID', `--out names ${path}, which exists already`, {
      hint: 'Give the path of a new file, or move this one away',
      cause: error,
    })
  }
}
