import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from 'cloakwright'
import { variable } from '../environment/index.ts'
import { keycloakArchive, keycloakVersion } from '../keycloak-release.ts'
import type { Reporter } from './reporter.ts'
import { requireJava, requireMaven, run } from './tools.ts'
import { unzip } from './unzip.ts'

const artifact = 'keycloak-quarkus-dist'

interface FindOptions {
  readonly reporter: Reporter
  readonly signal?: AbortSignal
}

/**
 * Finds a folder with Keycloak's distribution: KEYCLOAK_HOME, or the cached copy of the release, which Maven downloads
 * and whose checksum must match. The folder is not written to afterwards.
 *
 * @throws {CW_CONFIG_INVALID} when KEYCLOAK_HOME is not a Keycloak distribution, or the checksum differs
 * @throws {CW_TOOL_MISSING} when Maven is needed but missing, or its download fails
 */
export async function findKeycloak(options: FindOptions): Promise<string> {
  const given = variable('KEYCLOAK_HOME')
  if (given !== undefined) return checkHome(given)
  const cached = join(cacheFolder(), `keycloak-${keycloakVersion}`)
  if (existsSync(cached)) return cached
  const repository = mavenRepository()
  const folder = join(repository, 'org/keycloak', artifact, keycloakVersion)
  const zip = join(folder, `${artifact}-${keycloakVersion}.zip`)
  if (!existsSync(zip)) await fetchArchive(zip, repository, options)
  options.reporter.progress('Checking the archive…')
  await checkArchive(zip)
  await unpack(zip, cached, options)
  return cached
}

function checkHome(folder: string): string {
  if (existsSync(join(folder, 'lib/quarkus-run.jar')) && existsSync(join(folder, 'bin/kc.sh'))) return folder
  throw new CloakwrightError('CW_CONFIG_INVALID', `KEYCLOAK_HOME: ${folder} is not a Keycloak distribution`, {
    hint: 'Set it to the folder with bin/kc.sh and lib, or unset it to download Keycloak',
  })
}

/** Outside of the checkouts, which share it. */
function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] || process.env['LOCALAPPDATA'] || join(homedir(), '.cache')
  return join(base, 'cloakwright')
}

/** Maven's local repository. It is passed to Maven too, so that both use the same one. */
function mavenRepository(): string {
  const { MAVEN_OPTS = '', MAVEN_ARGS = '' } = process.env
  const named = /-Dmaven\.repo\.local=(\S+)/.exec(`${MAVEN_ARGS} ${MAVEN_OPTS}`)?.[1]
  return named ?? settingsRepository() ?? join(homedir(), '.m2/repository')
}

function settingsRepository(): string | undefined {
  try {
    const settings = readFileSync(join(homedir(), '.m2/settings.xml'), 'utf8')
    return /<localRepository>\s*(.*?)\s*<\/localRepository>/
      .exec(settings)?.[1]
      ?.replaceAll(/\$\{user\.home\}/g, homedir())
  } catch {
    return undefined
  }
}

const pauses = [5, 20]

async function fetchArchive(
  zip: string,
  repository: string,
  { reporter, signal }: FindOptions,
): Promise<void> {
  // Checked before the download, not after it.
  await requireJava()
  await requireMaven()
  reporter.note(
    `Downloading Keycloak ${keycloakVersion} (${megabytes(keycloakArchive.bytes)}) with Maven, once for this machine`,
  )
  const coordinates = `org.keycloak:${artifact}:${keycloakVersion}:zip`
  const args = [
    '-B',
    'dependency:get',
    `-Dartifact=${coordinates}`,
    '-Dtransitive=false',
    `-Dmaven.repo.local=${repository}`,
  ]
  for (let attempt = 0; ; attempt++) {
    const watch = watchDownload(dirname(zip), reporter)
    const { code, output } = await run('mvn', args, signal).finally(watch)
    signal?.throwIfAborted()
    if (code === 0 && existsSync(zip)) return
    const seconds = pauses[attempt]
    if (seconds === undefined) {
      const reason = output.split('\n').find((line) => line.includes('[ERROR]'))
      throw new CloakwrightError(
        'CW_TOOL_MISSING',
        `Maven could not download ${coordinates}: ${reason ?? `code ${code}`}`,
        {
          hint: `Check the network and Maven's settings. For the full output: mvn ${args.join(' ')}`,
        },
      )
    }
    reporter.note(`Maven failed (code ${code}); trying again in ${seconds} s`)
    await pause(seconds * 1000, undefined, signal === undefined ? {} : { signal })
  }
}

/** Reports the download's progress by the size of the file: Maven prints none. */
function watchDownload(folder: string, reporter: Reporter): () => void {
  let last = 0
  let rate = 0
  const timer = setInterval(() => {
    const bytes = largestFile(folder)
    if (bytes === 0) return reporter.progress('Maven is starting…')
    // A moving average over some seconds.
    rate = rate === 0 ? bytes - last : rate * 0.8 + (bytes - last) * 0.2
    last = bytes
    const left = rate < 1 ? '' : `, ${Math.ceil((keycloakArchive.bytes - bytes) / rate)} s left`
    const percent = Math.floor((100 * bytes) / keycloakArchive.bytes)
    reporter.progress(
      `${megabytes(bytes)} of ${megabytes(keycloakArchive.bytes)} (${percent} %), ${megabytes(rate)}/s${left}`,
    )
  }, 1000)
  return () => clearInterval(timer)
}

function largestFile(folder: string): number {
  try {
    return Math.max(0, ...readdirSync(folder).map((name) => statSync(join(folder, name)).size))
  } catch {
    return 0
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

async function checkArchive(zip: string): Promise<void> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(zip), hash)
  const found = hash.digest('hex')
  if (found === keycloakArchive.sha256) return
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `${zip} is not Keycloak ${keycloakVersion}: its SHA-256 is ${found}, expected ${keycloakArchive.sha256}`,
    {
      hint: 'Delete the file and try again. If the checksum is the same, do not trust the Maven repository',
    },
  )
}

async function unpack(zip: string, target: string, { reporter, signal }: FindOptions): Promise<void> {
  mkdirSync(dirname(target), { recursive: true })
  const aside = mkdtempSync(`${target}.new-`)
  try {
    await unzip(zip, aside, {
      onEntry: (done, total) =>
        reporter.progress(`Unpacking Keycloak to ${target} (${Math.floor((100 * done) / total)} %)`),
      ...(signal === undefined ? {} : { signal }),
    })
    renameSync(join(aside, `keycloak-${keycloakVersion}`), target)
  } catch (error) {
    // Another run was faster and has unpacked the same files.
    if (!existsSync(target)) throw error
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}
