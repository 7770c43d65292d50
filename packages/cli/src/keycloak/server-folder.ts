import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'

/**
 * Creates a Keycloak in `folder`. Data, configuration and build results (lib/quarkus) are separate; the libraries are
 * hard links to the distribution, which saves 200 MB. Two folders share no database, and a later start reuses the
 * build. The data is kept when the distribution changes.
 */
export function makeServerFolder(distribution: string, folder: string): void {
  const source = resolve(distribution)
  const stamp = join(folder, 'distribution')
  const wanted = `${source}\n${readText(join(source, 'version.txt'))}`
  if (readText(stamp) === wanted) return
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) {
    if (name !== 'data') rmSync(join(folder, name), { recursive: true })
  }
  for (const name of readdirSync(source)) {
    if (name !== 'data') copy(join(source, name), join(folder, name), name === 'lib')
  }
  // Written last, so that an interrupted copy is made again.
  writeFileSync(stamp, wanted)
}

function copy(source: string, target: string, isLibrary: boolean): void {
  if (!isFolder(source)) return isLibrary ? link(source, target) : clone(source, target)
  mkdirSync(target)
  for (const name of readdirSync(source)) {
    // Keycloak's build rewrites lib/quarkus.
    copy(join(source, name), join(target, name), isLibrary && name !== 'quarkus')
  }
}

function isFolder(path: string): boolean {
  return existsSync(`${path}/.`)
}

function link(source: string, target: string): void {
  try {
    linkSync(source, target)
  } catch {
    // On another file system.
    clone(source, target)
  }
}

function clone(source: string, target: string): void {
  copyFileSync(source, target, constants.COPYFILE_FICLONE)
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
