import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CloakwrightError } from 'cloakwright'
import { setVariable } from './environment-file.ts'
import { checkReplaceable, replaceFile } from './replace-file.ts'

/** A program and its arguments; no shell comes between. */
export type Command = readonly [program: string, ...args: string[]]

/**
 * How a secret gets to the service that uses it:
 *
 * - `file`: the secret alone in one line, replaced in one step, for `NAME_FILE` variables and mounted secrets
 * - `environmentFile`: the line `VARIABLE=…` of a file, the other lines unchanged
 * - `command`: on the standard input of a program, which exits with 0 when it has taken it (a vault, `kubectl`, `ssh`)
 * - a function
 */
export type Delivery =
  | { readonly file: string }
  | { readonly environmentFile: string; readonly variable: string }
  | { readonly command: Command }
  | ((secret: string) => void | Promise<void>)

/**
 * Finds out before anything is changed whether a delivery can succeed, as far as that can be known.
 *
 * @throws {CW_CONFIG_INVALID}
 */
export async function checkDelivery(delivery: Delivery, sample: string): Promise<void> {
  if (typeof delivery === 'function' || 'command' in delivery) return
  const { path, change } = toFile(delivery, sample)
  await checkReplaceable(path, change)
}

/** Delivers. @throws {CW_CONFIG_INVALID} when the file can't be written, or the command or function fails */
export async function deliver(
  delivery: Delivery,
  secret: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (typeof delivery === 'function') return call('The delivery function', async () => delivery(secret))
  if ('command' in delivery) return run(delivery.command, secret, signal)
  const { path, change } = toFile(delivery, secret)
  await replaceFile(path, change)
}

/** Runs what says whether the service has taken the secret up. @throws {CW_CONFIG_INVALID} when it says no */
export async function confirm(
  proof: Command | (() => void | Promise<void>),
  signal: AbortSignal | undefined,
): Promise<void> {
  if (typeof proof === 'function') return call('The function proveDelivery', async () => proof())
  return run(proof, '', signal)
}

type FileDelivery = Extract<Delivery, { readonly file: string } | { readonly environmentFile: string }>

function toFile(
  delivery: FileDelivery,
  secret: string,
): { path: string; change: (before: Buffer | undefined) => Buffer } {
  if ('file' in delivery) return { path: delivery.file, change: () => Buffer.from(`${secret}\n`) }
  const { environmentFile: path, variable } = delivery
  return { path, change: (before) => setVariable(before, variable, secret) }
}

/** An error that the function of a caller throws may contain the secret: only the failure is reported. */
async function call(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof CloakwrightError) throw error
    throw new CloakwrightError('CW_CONFIG_INVALID', `${what} threw an error`, {
      hint: 'Log the error in the function itself. It is not shown here because it could contain the secret.',
    })
  }
}

async function run(
  [program, ...args]: Command,
  input: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // What it writes may be the secret again: no one reads it.
  const child = spawn(program, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    ...(signal === undefined ? {} : { signal }),
  })
  // One that does not read is not wrong: its exit code counts.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  let failure: string
  try {
    const [code, by] = (await once(child, 'close')) as [number | null, string | null]
    if (code === 0) return
    failure = by === null ? `ended with exit code ${code}` : `was stopped by ${by}`
  } catch (error) {
    failure = `could not be started (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`
  }
  signal?.throwIfAborted()
  throw new CloakwrightError('CW_CONFIG_INVALID', `The command ${program} ${failure}`, {
    hint: 'Run it by hand with a test value as input. Its output is not shown here because it could contain the secret.',
  })
}
