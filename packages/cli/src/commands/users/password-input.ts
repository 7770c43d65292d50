import { readSecretFile } from '../../environment/index.ts'
import { UsageError } from '../../exit.ts'
import { askSecret } from '../../terminal/index.ts'

/** Where a password comes from: never an argument, for those end in the shell's history and the list of processes. */
export interface PasswordOptions {
  readonly password?: true
  readonly passwordFile?: string
}

/** Longest password that is read: more is the wrong file. */
const maxLength = 4096

/**
 * The password of the options, if there is one: the file's, else what is typed unseen on a terminal, else the first line
 * of standard input.
 *
 * @throws {UsageError} where there is none
 */
export async function readPassword(options: PasswordOptions, whose: string): Promise<string | undefined> {
  if (options.passwordFile !== undefined) return readSecretFile('--password-file', options.passwordFile)
  if (options.password !== true) return undefined
  if (process.stdin.isTTY) return await askSecret(`Password of ${whose}`)
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.length > maxLength) break
  }
  const [line = ''] = text.split(/\r?\n/, 1)
  if (line !== '' && text.length <= maxLength) return line
  throw new UsageError(
    'Standard input has no password',
    'Pipe it in as one line, or name its file: --password-file FILE',
  )
}
