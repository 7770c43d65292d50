/**
 * Creates packages/devrealm/template/: an unpacked PGlite data folder in which initdb has already run, for the installed
 * PGlite. An initdb costs seconds and 900 MB, a copy of this folder a fraction of both: so it runs here, at build time, and
 * never in a server or a test. Does nothing if the template is up to date.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from './lib/root.mjs'

const template = join(root, 'packages/devrealm/template')

/** Raise it when what is made below changes. */
const revision = 2
/** Segments of 1 MB instead of 16: less to copy for a new database, and a small log. */
const initdb = ['--wal-segsize=1', '--encoding=UTF8']
/** Every opening writes zeros to all shared buffers: the default of 128 MB costs a third of its time. */
const settings = ['max_wal_size=64MB', 'min_wal_size=8MB', 'shared_buffers=16MB']
/** Nothing connects to these copies of the same 300 files. */
const unusedDatabases = ['template0', 'template1']

const pgliteVersion = JSON.parse(
  readFileSync(join(root, 'node_modules/@electric-sql/pglite/package.json'), 'utf8'),
).version

function fits() {
  try {
    const stamp = JSON.parse(readFileSync(join(template, 'template.json'), 'utf8'))
    return stamp.pglite === pgliteVersion && stamp.revision === revision
  } catch {
    return false
  }
}

function foldersOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}

async function make() {
  const { PGlite } = await import('@electric-sql/pglite')
  mkdirSync(join(root, '.cache'), { recursive: true })
  const aside = mkdtempSync(join(root, '.cache/template-'))
  try {
    const data = join(aside, 'new/data')
    mkdirSync(data, { recursive: true })
    const database = await PGlite.create(data, { initDbStartParams: initdb, postgresqlconf: settings })
    await database.query('update pg_database set datistemplate = false')
    for (const name of unusedDatabases) await database.query(`drop database ${name}`)
    await database.close()
    // npm packages drop empty folders, and PostgreSQL does not start without them: hence the list.
    const stamp = { pglite: pgliteVersion, revision, folders: foldersOf(data) }
    writeFileSync(join(aside, 'new/template.json'), `${JSON.stringify(stamp)}\n`)
    try {
      renameSync(template, join(aside, 'old'))
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    try {
      renameSync(join(aside, 'new'), template)
    } catch (error) {
      // Another build was faster; its template is the same.
      if (!fits()) throw error
    }
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

if (!fits()) {
  const started = performance.now()
  await make()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`Created the database template for PGlite ${pgliteVersion} in ${seconds} s`)
}
