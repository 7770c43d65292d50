import { createWriteStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { type ExportReport, exportUsers } from '@cloakwright/admin/files'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { keycloakRealm } from '../../environment/index.ts'
import { countOf, escaped, type Job, note, print, printObject, runJob } from '../../terminal/index.ts'
import { type FilterOptions, nobodyFound, toFilter } from './user-list.ts'

interface Options extends ConnectionOptions, FilterOptions {
  readonly format: 'csv' | 'ndjson'
  readonly out?: string
  readonly json?: true
}

/** `cloakwright users export`. */
export async function exportAll(options: Options): Promise<void> {
  const { format, out } = options
  const report = await runJob('Run the same command to start again.', ({ signal, onProgress }: Job) => {
    const admin = connect(options, { signal })
    const write = (to: NodeJS.WritableStream) =>
      exportUsers(admin, { ...toFilter(options), format, to: to as never, signal, onProgress })
    return out === undefined ? write(process.stdout) : toFile(out, write)
  })
  if (report.users === 0) note(escaped(nobodyFound(options.realm ?? keycloakRealm(), options)))
  // Standard output has the users.
  if (out === undefined) note(countOf(report.users, 'user'))
  else if (options.json === true) printObject({ file: out, ...report }, true)
  else print(escaped(`${countOf(report.users, 'user')} written to ${out}`))
}

/** Writes a new file. A partial export must not look complete, nor replace another. */
async function toFile(
  path: string,
  write: (to: NodeJS.WritableStream) => Promise<ExportReport>,
): Promise<ExportReport> {
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause: NodeJS.ErrnoException) => {
      const what =
        cause.code === 'EEXIST' ? `${path} exists already` : `could not write ${path} (${cause.code})`
      reject(
        new CloakwrightError('CW_CONFIG_INVALID', `--out: ${what}`, {
          hint: 'Give the path of a new file in an existing folder',
          cause,
        }),
      )
    })
  })
  try {
    const report = await write(stream)
    stream.end()
    await finished(stream)
    return report
  } catch (error) {
    stream.destroy()
    await unlink(path)
    throw error
  }
}
