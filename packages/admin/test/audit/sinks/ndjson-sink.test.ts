import { spawn } from 'node:child_process'
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { createAuditTrail, headFile, ndjsonSink, readHeads, verifyTrail } from '@cloakwright/admin/audit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caught } from '../../support/caught.ts'
import { changes, linesOf, openFolder } from '../support.ts'

let folder: Awaited<ReturnType<typeof openFolder>>
beforeAll(async () => {
  folder = await openFolder()
})
afterAll(() => folder.close())

describe('a trail in a file', () => {
  it('has a line for each entry and each batch, and mode 0600', async () => {
    const path = folder.path('lines.ndjson')
    const trail = createAuditTrail({ sink: ndjsonSink(path) })
    await trail.record(changes(2))
    await trail.record(changes(1, 3))
    const lines = (await readFile(path, 'utf8')).split('\n')
    expect(lines.map((line) => Object.keys(JSON.parse(line || '{}') as object)[0])).toEqual([
      'action',
      'action',
      'seal',
      'action',
      'seal',
      undefined,
    ])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it.each(['\u2028', '\u2029', '\u0085', '\r', '\n'])('keeps an entry with %j whole', async (end) => {
    const path = folder.path(`line-end-${end.codePointAt(0)}.ndjson`)
    const trail = createAuditTrail({ sink: ndjsonSink(path), why: `two${end}lines` })
    await trail.record(changes(2))
    await trail.record(changes(1, 3))
    expect(await verifyTrail(ndjsonSink(path))).toMatchObject({ entries: 3, problems: [] })
    expect(await linesOf(ndjsonSink(path), 2)).toHaveLength(2)
  })

  it('continues where another process left it', async () => {
    const path = folder.path('again.ndjson')
    for (const from of [1, 2, 3]) await createAuditTrail({ sink: ndjsonSink(path) }).record(changes(1, from))
    const { entries, head, problems } = await verifyTrail(ndjsonSink(path))
    expect({ entries, sequence: head?.sequence, problems }).toEqual({ entries: 3, sequence: 3, problems: [] })
    expect(await ndjsonSink(path).head()).toEqual(head)
  })

  it('finds its end behind batches that are longer than what is read at once', async () => {
    const path = folder.path('long.ndjson')
    const trail = createAuditTrail({ sink: ndjsonSink(path) })
    await trail.record(changes(2000))
    expect(await ndjsonSink(path).head()).toMatchObject({ sequence: 2000 })
    expect((await verifyTrail(ndjsonSink(path))).problems).toEqual([])
  })

  it('is read from an entry on', async () => {
    const path = folder.path('after.ndjson')
    const trail = createAuditTrail({ sink: ndjsonSink(path) })
    for (const from of [1, 2, 3]) await trail.record(changes(1, from))
    expect((await linesOf(ndjsonSink(path), 2)).map((line) => JSON.parse(line) as object)).toMatchObject([
      { sequence: 3 },
      { seal: { first: 3 } },
    ])
  })

  it('is empty, and whole, where there is no file', async () => {
    const sink = ndjsonSink(folder.path('none.ndjson'))
    expect(await sink.head()).toBeUndefined()
    expect(await verifyTrail(sink)).toEqual({ entries: 0, head: undefined, problems: [] })
  })

  it('is repaired after a killed write, with the entries that it had', async () => {
    const path = folder.path('torn.ndjson')
    const trail = createAuditTrail({ sink: ndjsonSink(path) })
    await trail.record(changes(2))
    const before = (await stat(path)).size
    await trail.record(changes(3, 3))
    const lines = (await readFile(path, 'utf8')).split('\n')
    // Two of three entries, and half of the third.
    await truncate(path, before + `${lines[3]}\n${lines[4]}\n`.length + 20)
    await createAuditTrail({ sink: ndjsonSink(path) }).record(changes(1, 9))
    expect(await verifyTrail(ndjsonSink(path))).toMatchObject({ entries: 5, problems: [] })
    const names = (await linesOf(ndjsonSink(path))).map(
      (line) => (JSON.parse(line) as { name?: string }).name,
    )
    expect(names.filter(Boolean)).toEqual(['user-1', 'user-2', 'user-3', 'user-4', 'user-9'])
  })

  it('stays one chain while several processes append to it', async () => {
    const path = folder.path('together.ndjson')
    const script = `
      import { createAuditTrail, ndjsonSink } from '@cloakwright/admin/audit'
      const trail = createAuditTrail({ sink: ndjsonSink(process.argv[1]) })
      for (let each = 0; each < 25; each += 1)
        await trail.record([{ action: 'create', kind: 'user', realm: 'r', name: process.pid + '-' + each, fields: [] }])
    `
    const run = (): Promise<number | null> =>
      new Promise((resolve) => {
        const options = ['--input-type=module', '-e', script, path]
        spawn(process.execPath, options, { stdio: 'inherit', cwd: import.meta.dirname }).on('exit', resolve)
      })
    expect(await Promise.all([run(), run(), run()])).toEqual([0, 0, 0])
    expect(await verifyTrail(ndjsonSink(path))).toMatchObject({ entries: 75, problems: [] })
  })

  it.each([
    ['text', 'somebody’s notes\n'],
    ['text without a line’s end', 'somebody’s notes'],
    ['other JSON', '{"level":30}\n{"level":30}\n'],
    ['a realm’s export', '{"realm":"x"'],
    ['entries without the first', '{"action":"create","sequence":7}\n'],
  ])('is not begun in a file that holds %s, which stays as it is', async (name, text) => {
    const path = folder.path(`foreign ${name}`)
    await appendFile(path, text)
    const trail = createAuditTrail({ sink: ndjsonSink(path) })
    const error = await caught(trail.check())
    expect(error.message).toContain(`${path} is not an audit trail`)
    expect((await caught(trail.record(changes(1)))).code).toBe('CW_AUDIT_UNAVAILABLE')
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('is repaired wherever a write was cut', async () => {
    const path = folder.path('cut anywhere.ndjson')
    await createAuditTrail({ sink: ndjsonSink(path) }).record(changes(1))
    const start = (await stat(path)).size
    await createAuditTrail({ sink: ndjsonSink(path) }).record(changes(2, 2))
    const whole = await readFile(path)
    for (let length = start; length < whole.length; length += 7) {
      await writeFile(path, whole.subarray(0, length))
      await createAuditTrail({ sink: ndjsonSink(path) }).record(changes(1, 9))
      expect((await verifyTrail(ndjsonSink(path))).problems).toEqual([])
    }
  })

  it('cannot be begun in a folder that is not there', async () => {
    const trail = createAuditTrail({ sink: ndjsonSink(folder.path('no/such/folder')) })
    const error = await caught(trail.check())
    expect(error.code).toBe('CW_AUDIT_UNAVAILABLE')
    expect(error.message).toContain('nothing was changed: ENOENT')
  })
})

describe('a file of heads', () => {
  it('has one head for each batch, and shows a cut end', async () => {
    const [path, heads] = [folder.path('cut.ndjson'), folder.path('heads')]
    const trail = createAuditTrail({ sink: ndjsonSink(path), onHead: headFile(heads) })
    await trail.record(changes(1))
    const size = (await stat(path)).size
    await trail.record(changes(2, 2))
    expect((await readHeads(heads)).map(({ sequence }) => sequence)).toEqual([1, 3])
    expect((await stat(heads)).mode & 0o777).toBe(0o600)
    await truncate(path, size)
    expect((await verifyTrail(ndjsonSink(path), { heads: await readHeads(heads) })).problems).toEqual([
      { problem: 'truncated', from: 2, to: 3, at: 'line 2' },
    ])
  })

  it('names the line that is not a head', async () => {
    const path = folder.path('bad-heads')
    await appendFile(path, '{"sequence":1,"hash":"x"}\n{"sequence":')
    const error = await caught(readHeads(path))
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(error.message).toBe(`${path}, line 2: not the head of an audit trail`)
  })
})
