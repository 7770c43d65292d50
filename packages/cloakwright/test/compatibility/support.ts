import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** What scripts/test-compatibility.mjs has made ready. */
interface Prepared {
  readonly nodes: readonly { readonly version: string; readonly path: string }[]
  /** Has the services `core` and `frameworks`, into which `cloakwright` was installed as npm publishes it. */
  readonly folder: string
}

export const { nodes, folder } = JSON.parse(process.env['COMPATIBILITY'] ?? '{}') as Prepared
export const core: string = join(folder, 'core')
export const frameworks: string = join(folder, 'frameworks')

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; it is ended after a minute. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  // It may name loaders and conditions of this test run.
  const { NODE_OPTIONS: _options, ...env } = process.env
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: 60_000, killSignal: 'SIGKILL' } as const
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
