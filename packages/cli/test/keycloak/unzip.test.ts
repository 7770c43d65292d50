import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { unzip } from '../../src/keycloak/unzip.ts'
import { temporaryFolder } from '../support/program.ts'

interface File {
  readonly name: string
  readonly content: string
  readonly mode: number
}

/** A zip archive as Unix makes it, not compressed (PKWARE's APPNOTE 4.3). */
function zipOf(files: readonly File[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, mode } of files) {
    const [nameBytes, data] = [Buffer.from(name), Buffer.from(content)]
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt32LE(crc32(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(nameBytes.length, 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), fields, nameBytes, data])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE((mode << 16) >>> 0, 6)
    rest.writeUInt32LE(offset, 10)
    // Made on Unix: the attributes are a file's mode.
    directory.push(Buffer.from('PK\u0001\u0002'), Buffer.from([20, 3]), fields, rest, nameBytes)
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\u0005\u0006'), end])
}

function written(files: readonly File[]): string {
  const file = join(temporaryFolder(), 'archive.zip')
  writeFileSync(file, zipOf(files))
  return file
}

test('unpacks files with permissions, and reports its progress', async () => {
  const folder = temporaryFolder()
  const progress: string[] = []
  const zip = written([
    { name: 'bin/', content: '', mode: 0o40755 },
    { name: 'bin/kc.sh', content: '#!/bin/sh\n', mode: 0o100755 },
    { name: 'conf/keycloak.conf', content: '# settings\n', mode: 0o100644 },
  ])
  await unzip(zip, folder, { onEntry: (done, total) => progress.push(`${done}/${total}`) })
  expect(readFileSync(join(folder, 'conf/keycloak.conf'), 'utf8')).toBe('# settings\n')
  expect(statSync(join(folder, 'bin/kc.sh')).mode & 0o100).toBe(0o100)
  expect(statSync(join(folder, 'conf/keycloak.conf')).mode & 0o111).toBe(0)
  expect(progress).toEqual(['1/3', '2/3', '3/3'])
})

test.each(['../evil', '/evil', 'bin/../../evil'])('writes nothing outside the folder: %s', async (name) => {
  const outside = temporaryFolder()
  const folder = join(outside, 'within')
  await expect(unzip(written([{ name, content: 'x', mode: 0o100644 }]), folder)).rejects.toThrow()
  expect(existsSync(join(outside, 'evil'))).toBe(false)
})

test('refuses a file that is not an archive', async () => {
  const file = join(temporaryFolder(), 'archive.zip')
  writeFileSync(file, 'no archive')
  await expect(unzip(file, temporaryFolder())).rejects.toThrow()
})

test('stops when its signal is aborted', async () => {
  const zip = written([{ name: 'file', content: 'x', mode: 0o100644 }])
  await expect(unzip(zip, temporaryFolder(), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i)
})
