import { createWriteStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { type ExportReport, exportUsers } from '@cloakwright/admin/files'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { keycloakRealm } from '../../environment/index.ts'
import { escaped, type Job, note, printObject, runJob } from '../../terminal/index.ts'
import { type FilterOptions, nobodyFound, toFilter } from './user-list.ts'

interface Options extends ConnectionOptions, FilterOptions {
  readonly format: 'csv' | 'ndjson'
  readonly out?: string
  readonly json?: true
}

/** `cloakwright users export`. */
export async function exportAll(options: Options): Promise<void> {
  const { format, out } = options
  const report = await runJob('The same command begins anew.', ({ signal, onProgress }: Job) => {
    const admin = connect(options, { signal })
    const write = (to: NodeJS.WritableStream) =>
      exportUsers(admin, { ...toFilter(options), format, to: to as never, signal, onProgress })
    return out === undefined ? write(process.stdout) : toFile(out, write)
  })
  if (report.users === 0) note(escaped(nobodyFound(options.realm ?? keycloakRealm(), options)))
  // On standard output, the users are.
  if (out === undefined) note(`${report.users} users`)
  else printObject({ file: out, ...report }, options.json === true)
}

/** Into a new file: half an export is not to look like a whole one, nor to replace one. */
async function toFile(
  path: string,
  write: (to: NodeJS.WritableStream) => Promise<ExportReport>,
): Promise<ExportReport> {
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve())
    stream.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EEXIST' ? 'is there already' : `can't be written (${cause.code})`
      reject(
        new CloakwrightError('CW_CONFIG_INVALID', `--out names ${path}, which ${why}`, {
          hint: 'Give the path of a file that is not there yet, in a folder that is',
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
