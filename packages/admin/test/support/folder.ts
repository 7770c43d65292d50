import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openUserFile, type Row, type UserFormat } from '@cloakwright/admin/files'
import { afterAll } from 'vitest'
import { collect } from './collect.ts'

/** A folder of this test's own, removed at the end. */
export interface Folder {
  path(name: string): string
  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>
  /** The rows of a file of users with this content. */
  rows(name: string, content: string | Uint8Array, format?: UserFormat): Promise<Row[]>
}

export async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'cloakwright-files-'))
  afterAll(() => rm(folder, { recursive: true }))
  const path = (name: string): string => join(folder, name)
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(path(name), content)
    return path(name)
  }
  return {
    path,
    write,
    async rows(name, content, format) {
      const file = await openUserFile(await write(name, content), format === undefined ? {} : { format })
      return await collect(file.rows())
    },
  }
}
