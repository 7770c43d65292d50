/**
 * Prepares a checkout, quickly if nothing is stale: installs dependencies that differ from package-lock.json, and builds if a
 * source is newer than its output. It runs before anything is installed, so it uses only Node.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isAlive, npmCommand, run } from './lib/processes.mjs'
import { Problem, say } from './lib/program.mjs'
import { root } from './lib/root.mjs'

const stampFile = join(root, '.cache/build.json')
const lockFile = join(root, '.cache/prepare.lock')

/** Installs and builds what is missing or stale, with messages on standard error. */
export async function prepare() {
  checkNode()
  if (isInstalled() && isBuilt()) return
  const release = await takeTurn()
  try {
    if (!isInstalled()) await install()
    if (!isBuilt()) await build()
  } finally {
    release()
  }
}

function checkNode() {
  const needed = readJson('package.json').engines.node.replace('>=', '')
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [neededMajor, neededMinor] = needed.split('.').map(Number)
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return
  throw new Problem(
    `Cloakwright needs Node ${needed} or newer; this is Node ${process.versions.node} (${process.execPath})`,
    'Install a current release from nodejs.org or with a version manager (nvm install --lts), then try again',
  )
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

// Dependencies

/** Compares the lock file with npm's own record of the installed packages. */
function isInstalled() {
  let wanted
  let found
  try {
    wanted = readJson('package-lock.json').packages
    found = readJson('node_modules/.package-lock.json').packages
  } catch {
    return false
  }
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true
    // Packages for other platforms are in the lock file and not on the disk.
    if (!(path in found)) return entry.optional === true || entry.peer === true
    return entry.link === true ? existsSync(join(root, path)) : found[path].version === entry.version
  })
}

const installPauses = [5, 15, 30]

async function install() {
  say('Installing dependencies (npm ci)…')
  for (let attempt = 0; ; attempt++) {
    const code = await run(...npmCommand('ci', '--no-audit', '--no-fund'))
    if (code === 0) return
    const seconds = installPauses[attempt]
    if (seconds === undefined) {
      throw new Problem(
        `npm ci failed ${attempt + 1} times; see its messages above`,
        'Check the network and `npm config list`, run `npm ci`, then try again',
      )
    }
    say(`npm ci failed with code ${code}; trying again in ${seconds} s`)
    await pause(seconds * 1000)
  }
}

// Build

function projects() {
  return readJson('tsconfig.json').references.map((reference) => reference.path)
}

/** A digest of path, size and time of all build inputs. */
function sourcesDigest() {
  const digest = createHash('sha256')
  const add = (path) => {
    const { size, mtimeMs } = statSync(join(root, path))
    digest.update(`${path}\0${size}\0${mtimeMs}\n`)
  }
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) walk(path)
      else add(path)
    }
  }
  for (const path of ['tsconfig.json', 'tsconfig.base.json', 'scripts/database-template.mjs']) add(path)
  add('node_modules/.package-lock.json')
  for (const project of projects()) {
    add(`${project}/package.json`)
    add(`${project}/tsconfig.json`)
    walk(`${project}/src`)
  }
  return digest.digest('hex')
}

function outputs() {
  return [...projects().map((project) => `${project}/dist`), 'packages/devrealm/template/template.json']
}

function isBuilt() {
  try {
    const stamp = JSON.parse(readFileSync(stampFile, 'utf8'))
    return stamp.sources === sourcesDigest() && outputs().every((path) => existsSync(join(root, path)))
  } catch {
    return false
  }
}

async function build() {
  say('Building…')
  const started = performance.now()
  const sources = sourcesDigest()
  // The compiler trusts its state in .cache and does not check whether the output still exists.
  const force = projects().some((project) => !existsSync(join(root, project, 'dist'))) ? ['--force'] : []
  await step('The build', [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...force])
  await step('Creating the database template', [join(root, 'scripts/database-template.mjs')])
  for (const project of projects()) removeStale(project)
  writeFileSync(stampFile, JSON.stringify({ sources }))
  say(`Built in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** The compiler keeps the output of moved sources; a package would include it. */
function removeStale(project) {
  const output = join(root, project, 'dist')
  if (!existsSync(output)) return
  for (const path of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    const source = path.replace(/\.(?:js|d\.ts)(?:\.map)?$/, '.ts')
    if (source !== path && !existsSync(join(root, project, 'src', source))) rmSync(join(output, path))
  }
}

async function step(name, args) {
  const code = await run(process.execPath, args)
  if (code !== 0)
    throw new Problem(`${name} failed; see its messages above`, 'Fix the reported problems, then try again')
}

// One at a time: two starts in a fresh clone would overwrite each other's installation.

async function takeTurn() {
  mkdirSync(dirname(lockFile), { recursive: true })
  // Linked into place, so no reader sees a lock without its pid.
  const mine = `${lockFile}.${process.pid}`
  for (let told = false; ; ) {
    try {
      writeFileSync(mine, String(process.pid))
      linkSync(mine, lockFile)
      return () => rmSync(lockFile, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    } finally {
      rmSync(mine, { force: true })
    }
    const holder = readLock()
    if (holder === undefined) continue
    if (!isAlive(holder)) {
      rmSync(lockFile, { force: true })
      continue
    }
    if (!told) say(`Waiting for process ${holder}, which is preparing this checkout…`)
    told = true
    await pause(300)
  }
}

/** The pid in the lock; undefined if it was just released. */
function readLock() {
  try {
    return Number(readFileSync(lockFile, 'utf8'))
  } catch {
    return undefined
  }
}
