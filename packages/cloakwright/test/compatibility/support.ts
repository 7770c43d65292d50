import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** What scripts/test-compatibility.mjs has made ready. */
interface Prepared {
  readonly nodes: readonly { readonly version: string; readonly path: string }[]
  /** Has the services, one a folder, into which the packages were installed as npm publishes them. */
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

/** The environment of the services: not NODE_OPTIONS, which may name loaders and conditions of this test run. */
export function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _environment, VITEST: _vitest, ...env } = process.env
  return { ...env, NEXT_TELEMETRY_DISABLED: '1' }
}

/** Runs a program to its end; it is ended after four minutes. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, env: environment(), timeout: 240_000, killSignal: 'SIGKILL' } as const
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}
