import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { getHeapStatistics } from 'node:v8'
import { openUserFile, type Row } from '@cloakwright/admin/files'
import { describe, expect, test } from 'vitest'
import { openFolder } from '../support/folder.ts'

const folder = await openFolder()
const mebibyte = 1024 * 1024

describe('memory stays flat', { timeout: 60_000 }, () => {
  test.each([
    ['CSV', 'long.csv', 'username\nalice\n', 'x', '\nbob\n', 'the row is longer than 1 MiB'],
    [
      'CSV, within quotation marks',
      'quoted.csv',
      'username\nalice\n"',
      'x',
      '"\nbob\n',
      'the row is longer than 1 MiB',
    ],
    [
      'NDJSON',
      'long.ndjson',
      '{"username":"alice"}\n{"username":"',
      'x',
      '"}\n{"username":"bob"}\n',
      'the line is longer than 1 MiB',
    ],
    [
      'an export',
      'long.json',
      '[{"username":"alice"},{"username":"',
      'x',
      '"},{"username":"bob"}]',
      'the user is longer than 1 MiB',
    ],
    [
      'an export, by many members',
      'wide.json',
      '[{"username":"alice"},{"groups":[',
      `"/${'a'.repeat(1020)}",`,
      '"/a"]},{"username":"bob"}]',
      'the user is longer than 1 MiB',
    ],
  ])('with a row of 100 MB, a bad one, in %s', async (_what, name, before, filling, after, reason) => {
    const path = await large(name, before, filling, after)
    const { rows, peak } = await read(path)
    expect(rows).toMatchObject([{ user: { username: 'alice' } }, { reason }, { user: { username: 'bob' } }])
    expect(peak).toBeLessThan(64 * mebibyte)
  })

  test.each([
    ['a text', '"', 'x', '"'],
    ['a list', '[', `"${'x'.repeat(1021)}",`, '1]'],
  ])('with another member of 100 MB in an export: %s', async (_what, open, filling, close) => {
    const path = await large(
      'realm.json',
      `{"other":${open}`,
      filling,
      `${close},"users":[{"username":"bob"}]}`,
    )
    const { rows, peak } = await read(path)
    expect(rows).toMatchObject([{ line: 1, user: { username: 'bob' } }])
    expect(peak).toBeLessThan(64 * mebibyte)
  })

  test.each(['csv', 'ndjson', 'json'])('with 100,000 users in %s', async (extension) => {
    const user = (index: number): string =>
      JSON.stringify({
        username: `user-${index}`,
        email: `user-${index}@example.com`,
        realmRoles: ['a'],
        groups: ['/a'],
      })
    const lines = Array.from({ length: 100_000 }, (_, index) =>
      extension === 'csv' ? `user-${index},user-${index}@example.com,a,/a\n` : `${user(index)}\n`,
    )
    const texts = {
      csv: ['username,email,realmRoles,groups\n', ...lines],
      ndjson: lines,
      json: ['{"users":[', ...lines.map((line, index) => (index === 0 ? line : `,${line}`)), ']}'],
    }[extension]
    await folder.write(`many.${extension}`, (texts ?? []).join(''))
    const { count, peak } = await read(folder.path(`many.${extension}`))
    expect(count).toBe(100_000)
    expect(peak).toBeLessThan(64 * mebibyte)
  })
})

async function large(name: string, before: string, filling: string, after: string): Promise<string> {
  const part = Buffer.from(filling.repeat(mebibyte / filling.length))
  const parts = [Buffer.from(before), ...Array.from({ length: 100 }, () => part), Buffer.from(after)]
  await pipeline(Readable.from(parts), createWriteStream(folder.path(name)))
  return folder.path(name)
}

/** The first rows, their number, and by how much memory grew at most. */
async function read(path: string): Promise<{ rows: Row[]; count: number; peak: number }> {
  const rows: Row[] = []
  let count = 0
  const before = used()
  let peak = 0
  const watch = setInterval(() => (peak = Math.max(peak, used() - before)), 5)
  try {
    for await (const row of (await openUserFile(path)).rows()) {
      count += 1
      if (rows.length < 10) rows.push(row)
    }
  } finally {
    clearInterval(watch)
  }
  return { rows, count, peak }
}

function used(): number {
  // What process.memoryUsage gives, without the resident set, which takes long to read.
  const { used_heap_size: heapUsed, external_memory: external } = getHeapStatistics()
  return heapUsed + external
}
