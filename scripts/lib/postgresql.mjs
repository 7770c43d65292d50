/** A separate PostgreSQL: a new cluster in a folder, on a free loopback port, with a password. */
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './ports.mjs'
import { Problem } from './program.mjs'

/** The folder of initdb and postgres: Debian's newest, else the one in PATH. */
export function postgresqlFolder() {
  const debian = '/usr/lib/postgresql'
  const releases = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [...releases.map((release) => join(debian, release, 'bin')), ...pathFolders()]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

function pathFolders() {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
}

/**
 * Starts it; resolves to its URL, a function that creates a database and returns its URL, functions that end it and start it
 * again, and one that stops it and removes its folder.
 */
export async function startPostgresql() {
  // Not in a folder of the caller, which the unprivileged user might not be able to access.
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-postgresql-'))
  const binaries = postgresqlFolder()
  const owner = unprivilegedUser()
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  const password = randomBytes(18).toString('base64url')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  for (const path of owner === undefined ? [] : [folder, passwordFile]) chownSync(path, owner.uid, owner.gid)

  const initdb = spawnSync(
    join(binaries, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'cloakwright',
      '-E',
      'UTF8',
      '--locale=C',
      '-A',
      'scram-sha-256',
      '--no-sync',
      `--pwfile=${passwordFile}`,
    ],
    { ...owner, cwd: folder, encoding: 'utf8' },
  )
  if (initdb.status !== 0)
    throw new Problem(`initdb failed: ${initdb.stderr}`, 'Fix the reported problem, then try again')

  const port = await freePort()
  const log = openSync(join(folder, 'log'), 'w')
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off' }
  let child
  let exited
  const start = () => {
    child = spawn(
      join(binaries, 'postgres'),
      ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      // In its own process group: Ctrl+C of a terminal comes to this process, which stops it after the tests.
      { ...owner, cwd: folder, stdio: ['ignore', log, log], detached: true },
    )
    exited = once(child, 'exit')
    return Promise.race([waitUntilReady(url), exited.then(() => Promise.reject(ended(folder)))])
  }
  const shutDown = async () => {
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    child.kill('SIGINT')
    await exited
  }
  const stop = async () => {
    await shutDown()
    rmSync(folder, { recursive: true, force: true })
  }
  const url = `postgresql://cloakwright:${password}@127.0.0.1:${port}/postgres`
  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { url, createDatabase: (name) => createDatabase(url, name), shutDown, start, stop }
}

async function createDatabase(url, name) {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    await client.query(`create database ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end().catch(() => {})
  }
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

async function waitUntilReady(url) {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.query('select 1')
      return
    } catch (error) {
      if (attempt === 200) throw error
      await pause(100)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

function ended(folder) {
  return new Problem(
    `PostgreSQL ended: ${readFileSync(join(folder, 'log'), 'utf8')}`,
    'Fix the reported problem, then try again',
  )
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout),
    )
    if (uid > 0 && gid > 0) return { uid, gid }
  }
  throw new Problem(
    'root cannot run PostgreSQL, and the users postgres and nobody do not exist',
    'Create the user postgres',
  )
}
