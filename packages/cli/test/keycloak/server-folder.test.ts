import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeServerFolder } from '../../src/keycloak/server-folder.ts'
import { temporaryFolder } from '../support/program.ts'
import { distribution } from './fixtures.ts'

test('shares the libraries, and separates everything that a server writes', () => {
  const source = distribution('exit 0')
  const folder = join(temporaryFolder(), 'server')
  makeServerFolder(source, folder)

  const inode = (path: string) => statSync(path).ino
  expect(inode(join(folder, 'lib/lib/library.jar'))).toBe(inode(join(source, 'lib/lib/library.jar')))
  for (const own of ['conf/keycloak.conf', 'lib/quarkus/build.properties']) {
    writeFileSync(join(folder, own), 'changed')
    expect(readFileSync(join(source, own), 'utf8')).not.toBe('changed')
  }
  expect(statSync(join(folder, 'bin/kc.sh')).mode & 0o111).toBe(0o111)
})

test('keeps the build for the next start', () => {
  const source = distribution('exit 0')
  const folder = join(temporaryFolder(), 'server')
  makeServerFolder(source, folder)
  writeFileSync(join(folder, 'lib/quarkus/build.properties'), 'built')
  makeServerFolder(source, folder)
  expect(readFileSync(join(folder, 'lib/quarkus/build.properties'), 'utf8')).toBe('built')
})

test('replaces everything except the data for another distribution', () => {
  const folder = join(temporaryFolder(), 'server')
  const [old, next] = [distribution('exit 1'), distribution('exit 2')]
  makeServerFolder(old, folder)
  writeFileSync(join(folder, 'lib/quarkus/build.properties'), 'built')
  writeFileSync(join(folder, 'data'), 'users')
  makeServerFolder(next, folder)
  expect(readFileSync(join(folder, 'bin/kc.sh'), 'utf8')).toContain('exit 2')
  expect(readFileSync(join(folder, 'lib/quarkus/build.properties'), 'utf8')).toBe('as delivered')
  expect(readFileSync(join(folder, 'data'), 'utf8')).toBe('users')
})
