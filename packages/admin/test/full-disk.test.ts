import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuditTrail, headFile, ndjsonSink, readHeads } from '@cloakwright/admin/audit'
import { openUserFile } from '@cloakwright/admin/files'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRejectedRows } from '../src/files/rejected-rows.ts'
import { openJournal } from '../src/jobs/journal/journal.ts'
import type { JournalHeader } from '../src/jobs/journal/journal-records.ts'

const canMount = process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!canMount) console.warn('Not root on Linux: a full disk is not tested, as no small one can be mounted')

let disk: string
let filler: string

beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'cloakwright-disk-'))
  filler = join(disk, 'filler')
  if (canMount) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk])
})

afterEach(() => {
  if (canMount) execFileSync('umount', [disk])
  rmdirSync(disk)
})

/** What is left of the files' last pages is all that they can still take. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(filler, Buffer.alloc(bavail * bsize))
}

/** More than a page. */
const long = 'x'.repeat(6000)

describe.runIf(canMount)('on a full disk', () => {
  it('a trail and its heads refuse what has no room, and are whole when there is room again', async () => {
    const heads = join(disk, 'heads')
    const sink = ndjsonSink(join(disk, 'trail'))
    const trail = createAuditTrail({ sink, onHead: headFile(heads) })
    const record = (name: string) =>
      trail.record([{ action: 'create', kind: 'user', id: name, name, after: { note: long } }] as never)
    await record('first')
    fill()
    await expect(record('second')).rejects.toMatchObject({
      code: 'CW_AUDIT_UNAVAILABLE',
      message: expect.stringContaining('ENOSPC'),
    })
    rmSync(filler)
    await trail.check()
    await record('third')
    const seals = (await readHeads(heads)).map(({ sequence }) => sequence)
    expect(seals).toEqual(seals.toSorted((a, b) => a - b))
    expect((await trail.head())?.sequence).toBe(seals.at(-1))
  })

  it('an exported head leaves nothing of itself by half', async () => {
    const path = join(disk, 'heads')
    const exported = headFile(path)
    const head = { sequence: 1, hash: 'h' }
    fill()
    rmSync(filler)
    writeFileSync(path, `${JSON.stringify({ sequence: 0, hash: 'x'.repeat(4096 - 40) })}\n`)
    fill()
    await expect(exported({ sequence: 1, hash: 'y'.repeat(200) })).rejects.toMatchObject({ code: 'ENOSPC' })
    rmSync(filler)
    await exported(head)
    expect((await readHeads(path)).at(-1)).toEqual(head)
    expect(await readHeads(path)).toHaveLength(2)
  })

  it("a job's journal says what to do, and is resumed when there is room", async () => {
    const path = join(disk, 'journal')
    const header = {
      job: 'import',
      server: 's',
      realm: 'r',
      realmId: 'i',
      file: 'f',
    } as unknown as JournalHeader
    const journal = await openJournal(path, header)
    await journal.started([{ line: 1, id: 'a', name: 'one' }] as never)
    fill()
    const row = { line: 2, id: 'b', name: long } as never
    await expect(journal.started([row])).rejects.toMatchObject({
      code: 'CW_DISK_FULL',
      hint: expect.stringContaining('run the same command again to resume'),
    })
    await journal.close()
    rmSync(filler)
    const again = await openJournal(path, header)
    expect([...again.open.keys()]).toEqual([1])
    await again.close()
  })

  it('a file of rejected rows takes nothing after what it could not take, and is resumed when there is room', async () => {
    const path = join(disk, 'rejected.ndjson')
    const rejectedRows = await openRejectedRows(path)
    const row = (line: number, username: string) =>
      ({ line, reason: 'bad', raw: { username } }) as unknown as Parameters<typeof rejectedRows.write>[0]
    await rejectedRows.write(row(1, 'one'))
    fill()
    const writes = [rejectedRows.write(row(2, long)), rejectedRows.write(row(3, 'three'))]
    for (const end of await Promise.allSettled(writes))
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'CW_DISK_FULL' } })
    await rejectedRows.close()
    rmSync(filler)
    const again = await openRejectedRows(path, { resume: true })
    expect(again.count).toBe(1)
    await again.write(row(2, 'two'))
    await again.close()
    const names: unknown[] = []
    for await (const read of (await openUserFile(path)).rows()) names.push(read.line)
    expect(names).toHaveLength(2)
  })
})
