import { readSecretFile } from '../../environment/index.ts'
import { UsageError } from '../../exit.ts'
import { askSecret } from '../../terminal/index.ts'

/** The source of a password. It is never an argument: shell history and process lists show those. */
export interface PasswordOptions {
  readonly password?: true
  readonly passwordFile?: string
}

/** The maximum length of a password. Longer input is the wrong file. */
const maxLength = 4096

/**
 * Reads the password that the options ask for: from the file, else from a prompt on a terminal, else from the first line
 * of standard input. Returns undefined if they ask for none.
 *
 * @throws {UsageError} when standard input is empty or too long
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
    'Pipe it in as one line, or pass --password-file FILE',
  )
}
