import { existsSync } from 'node:fs'
import { ndjsonSink, readHeads, verifyTrail } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { exitCode } from '../exit.ts'
import { print } from '../output.ts'
import { escaped, toJson } from '../terminal.ts'

interface Options {
  readonly heads?: string
  readonly json?: true
}

/** `cloakwright audit verify`. */
export async function verify(file: string, options: Options): Promise<void> {
  if (!existsSync(file)) {
    // Of no file, nothing would be wrong.
    throw new CloakwrightError('CW_CONFIG_MISSING', `There is no trail ${file}`, {
      hint: 'Give the file that --audit or CLOAKWRIGHT_AUDIT named',
    })
  }
  const heads = options.heads === undefined ? [] : await readHeads(options.heads)
  const report = await verifyTrail(ndjsonSink(file), { heads })
  const { entries, head, problems } = report
  if (options.json === true) print(toJson({ isWhole: problems.length === 0, ...report }, 2))
  else {
    for (const { problem, from, to, at } of problems) print(escaped(`${problem}: ${from} to ${to} (${at})`))
    const end = head === undefined ? '' : `, its head ${head.sequence} ${head.hash}`
    print(problems.length === 0 ? `whole: ${entries} entries${end}` : `${problems.length} problems`)
  }
  if (problems.length > 0) process.exitCode = exitCode.failed
}
