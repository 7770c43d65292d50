import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const compiler = join(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc')

/** What the compiler reports of the project in a folder; empty if it compiles. */
export function errorsOf(folder: string): string {
  try {
    return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}
