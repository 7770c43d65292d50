import { exitCode, UsageError } from '../exit.ts'
import { escaped } from './escaped-text.ts'

/**
 * Asks for confirmation on a terminal. Exits if the user declines.
 *
 * @throws {UsageError} without a terminal to prompt on
 */
export async function confirmed(question: string, isSure: boolean): Promise<void> {
  if (isSure) return
  if (!isTerminal()) {
    throw new UsageError(`No terminal to prompt on: ${question}`, 'Pass --yes')
  }
  const { confirm, isCancel } = await import('@clack/prompts')
  const answer = await confirm({ message: escaped(question), initialValue: false, output: process.stderr })
  if (isCancel(answer)) process.exit(exitCode.interrupted)
  if (answer) return
  process.stderr.write('Nothing was changed.\n')
  process.exit(exitCode.failed)
}

/** Asks for a secret on a terminal without showing it. Exits if the user cancels. */
export async function askSecret(message: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts')
  const answer = await password({
    message,
    output: process.stderr,
    validate: (text) => (text ? undefined : 'It must not be empty'),
  })
  if (isCancel(answer)) process.exit(exitCode.interrupted)
  return answer
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}
