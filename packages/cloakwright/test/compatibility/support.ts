import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** The services that scripts/test-compatibility.mjs has prepared. */
interface Prepared {
  readonly nodes: readonly { readonly version: string; readonly path: string }[]
  /** The folder of the services, one folder each, with the packages installed as npm publishes them. */
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

/** The environment of the services, without NODE_OPTIONS, which may name loaders and conditions of this test run. */
export function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _environment, VITEST: _vitest, ...env } = process.env
  return { ...env, NEXT_TELEMETRY_DISABLED: '1' }
}

/** Runs a program to its end, for at most four minutes. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(), timeout: 240_000, killSignal: 'SIGKILL' } as const
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
