import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { distribution, java, toolsFolder } from '../../keycloak/fixtures.ts'
import { runCli, somePort, startCli, temporaryFolder } from '../../support/program.ts'

/** A machine without downloads. */
function newMachine(path: string): NodeJS.ProcessEnv {
  const home = temporaryFolder()
  return {
    HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    CLOAKWRIGHT_HOME: join(home, 'state'),
    PATH: path,
  }
}

async function keycloak(variables: NodeJS.ProcessEnv) {
  const port = variables['KEYCLOAK_PORT'] ?? `${await somePort()}`
  const answer = await runCli(['keycloak'], { ...variables, KEYCLOAK_PORT: port })
  expect(answer.stderr).not.toMatch(/^\s+at /m)
  expect(answer.code).toBe(1)
  return answer.stderr
}

describe('a missing requirement is reported with its fix', () => {
  test('Java', async () => {
    const said = await keycloak(newMachine(toolsFolder({})))
    expect(said).toMatch(/needs Java 17 or newer, but java does not run \(CW_TOOL_MISSING\)\n.*install/)
  })

  test('Java 17 or newer', async () => {
    const said = await keycloak(newMachine(toolsFolder({ java: java('11.0.2') })))
    expect(said).toMatch(/needs Java 17 or newer, but java is Java 11/)
  })

  test('Maven, before the download', async () => {
    const said = await keycloak(newMachine(toolsFolder({ java: java('17.0.15') })))
    expect(said).toMatch(
      /Maven, but mvn does not run \(CW_TOOL_MISSING\)\n.*Install it: .*install[^]*KEYCLOAK_HOME/,
    )
  })

  test('a distribution in KEYCLOAK_HOME', async () => {
    const folder = temporaryFolder()
    const said = await keycloak({ ...newMachine(toolsFolder({})), KEYCLOAK_HOME: folder })
    expect(said).toContain(`KEYCLOAK_HOME: ${folder} is not a Keycloak distribution`)
  })
})

test('refuses an archive with another checksum, without unpacking it', async () => {
  const variables = newMachine(toolsFolder({ java: java('17.0.15') }))
  const folder = join(variables['HOME'] ?? '', '.m2/repository/org/keycloak/keycloak-quarkus-dist/26.7.4')
  const zip = join(folder, 'keycloak-quarkus-dist-26.7.4.zip')
  mkdirSync(folder, { recursive: true })
  writeFileSync(zip, 'something else')
  const said = await keycloak(variables)
  expect(said).toContain(`${zip} is not Keycloak 26.7.4: its SHA-256 is `)
  expect(existsSync(variables['XDG_CACHE_HOME'] ?? '')).toBe(false)
})

test('downloads the archive to the repository of MAVEN_ARGS, and checks it there', async () => {
  const mvn = `
for argument in "$@"; do
  case $argument in -Dmaven.repo.local=*) repository=\${argument#*=} ;; esac
done
[ "$1" = -version ] && exit 0
folder=$repository/org/keycloak/keycloak-quarkus-dist/26.7.4
mkdir -p "$folder" && echo other > "$folder/keycloak-quarkus-dist-26.7.4.zip"`
  const variables = newMachine(`${toolsFolder({ java: java('17.0.15'), mvn })}:${process.env['PATH']}`)
  const repository = temporaryFolder()
  const said = await keycloak({ ...variables, MAVEN_ARGS: `-Dmaven.repo.local=${repository}` })
  expect(said).toContain('Downloading Keycloak 26.7.4 (176.7 MB) with Maven')
  expect(said).toContain(`error: ${repository}/org/keycloak/`)
  expect(said).toContain('is not Keycloak 26.7.4: its SHA-256 is ')
})

test('refuses a port in use', async () => {
  const port = await somePort('held')
  const said = await keycloak({
    ...newMachine(`${toolsFolder({ java: java('17.0.15') })}:${process.env['PATH']}`),
    KEYCLOAK_HOME: distribution('exit 0'),
    KEYCLOAK_PORT: `${port}`,
  })
  expect(said).toContain(`Another process uses port ${port}`)
  expect(said).toContain(`KEYCLOAK_PORT=${port + 1}`)
})

test('refuses an invalid port', async () => {
  const said = await keycloak({ KEYCLOAK_PORT: 'http' })
  expect(said).toMatch(/KEYCLOAK_PORT is "http".*1 to 65535.*CW_CONFIG_INVALID/)
})

describe.skipIf(process.platform === 'win32')('the process of Keycloak', () => {
  function machine(kc: string): NodeJS.ProcessEnv {
    return {
      ...newMachine(`${toolsFolder({ java: java('17.0.15') })}:${process.env['PATH']}`),
      KEYCLOAK_HOME: distribution(kc),
    }
  }

  test('that exits by itself is an error with the end of its log, and the log is kept', async () => {
    const variables = machine('echo "Failed to start: $KC_BOOTSTRAP_ADMIN_USERNAME is not welcome"; exit 3')
    const said = await keycloak(variables)
    expect(said).toMatch(/Keycloak exited \(code 3\):\nFailed to start: admin is not welcome/)
    const log = join(variables['CLOAKWRIGHT_HOME'] ?? '', 'keycloak/keycloak.log')
    expect(said).toContain(log)
    expect(readFileSync(log, 'utf8')).toContain('Failed to start')
  })

  /** Starts a Keycloak that never becomes ready. Resolves to its pid. */
  async function startHanging(port: number) {
    const variables = machine('echo $$ > "$(dirname "$0")/pid"; exec sleep 600')
    const program = startCli(['keycloak'], { ...variables, KEYCLOAK_PORT: `${port}` })
    const file = join(variables['CLOAKWRIGHT_HOME'] ?? '', 'keycloak/server/bin/pid')
    const pid = await vi.waitUntil(() => existsSync(file) && Number(readFileSync(file, 'utf8')), {
      timeout: 15_000,
    })
    return { program, pid }
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('stops on %s even before it is ready', async (signal) => {
    const { program, pid } = await startHanging(await somePort())
    program.child.kill(signal)
    expect(await program.ended).toBe(0)
    expect(isAlive(pid)).toBe(false)
  })

  test('stops when the command is killed', async () => {
    const { program, pid } = await startHanging(await somePort())
    program.child.kill('SIGKILL')
    await vi.waitUntil(() => !isAlive(pid), { timeout: 15_000 })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
