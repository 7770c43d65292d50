import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { CloakwrightError } from 'cloakwright'

const installCommands = {
  java: {
    linux: 'sudo apt-get install -y default-jre-headless   (or your distribution’s Java 17 or newer)',
    darwin: 'brew install openjdk',
    win32: 'winget install EclipseAdoptium.Temurin.21.JRE',
  },
  mvn: {
    linux: 'sudo apt-get install -y maven   (or your distribution’s Maven)',
    darwin: 'brew install maven',
    win32: 'choco install maven   (or scoop install maven)',
  },
} as const

/** The command that installs a tool on this machine. */
function installCommand(tool: keyof typeof installCommands): string {
  const { platform } = process
  return installCommands[tool][platform === 'darwin' || platform === 'win32' ? platform : 'linux']
}

/**
 * Checks for Java 17 or newer in JAVA_HOME or PATH.
 *
 * @throws {CW_TOOL_MISSING}
 */
export async function requireJava(): Promise<void> {
  const home = process.env['JAVA_HOME']
  const command = home ? join(home, 'bin/java') : 'java'
  const { code, output } = await run(command, ['-version'])
  const release = Number(/version "(?:1\.)?(\d+)/.exec(output)?.[1])
  if (code === 0 && release >= 17) return
  const found = code === 0 ? `${command} is Java ${release}` : `${command} does not run`
  throw new CloakwrightError('CW_TOOL_MISSING', `Keycloak needs Java 17 or newer, but ${found}`, {
    hint: `Install it: ${installCommand('java')}${home ? '\nor correct JAVA_HOME' : ''}`,
  })
}

/**
 * Checks for Maven, which downloads Keycloak.
 *
 * @throws {CW_TOOL_MISSING}
 */
export async function requireMaven(): Promise<void> {
  const { code } = await run('mvn', ['-version'])
  if (code === 0) return
  throw new CloakwrightError('CW_TOOL_MISSING', 'Keycloak is downloaded with Maven, but mvn does not run', {
    hint: `Install it: ${installCommand('mvn')}\nor unpack Keycloak yourself and set KEYCLOAK_HOME to its folder`,
  })
}

/** Runs a command. Resolves to its exit code (undefined if it can't be started) and the end of its output. */
export function run(
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ code: number | undefined; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      ...(signal === undefined ? {} : { signal }),
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part) => {
        output = (output + String(part)).slice(-8000)
      })
    }
    child.once('error', () => resolve({ code: undefined, output }))
    child.once('close', (code) => resolve({ code: code ?? undefined, output }))
  })
}
