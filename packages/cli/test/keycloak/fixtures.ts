import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../support/program.ts'

/** A folder for PATH with shell scripts as tools, so that a test does not use those of the machine. */
export function toolsFolder(tools: Record<string, string>): string {
  const folder = temporaryFolder()
  for (const [name, script] of Object.entries(tools)) writeScript(join(folder, name), script)
  return folder
}

/** A script that prints the `java -version` of a release. */
export const java = (release: string): string => `echo 'openjdk version "${release}" 2025-04-15' >&2`

/** A folder that is accepted as a distribution, with a shell script as kc.sh. */
export function distribution(kc: string): string {
  const folder = temporaryFolder()
  for (const name of ['bin', 'conf', 'lib/lib', 'lib/quarkus', 'providers']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  writeFileSync(join(folder, 'version.txt'), 'Keycloak - Version 0.0.0\n')
  writeFileSync(join(folder, 'conf/keycloak.conf'), '# settings\n')
  writeFileSync(join(folder, 'lib/quarkus-run.jar'), 'jar')
  writeFileSync(join(folder, 'lib/lib/library.jar'), 'library')
  writeFileSync(join(folder, 'lib/quarkus/build.properties'), 'as delivered')
  writeScript(join(folder, 'bin/kc.sh'), kc)
  return folder
}

function writeScript(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}
