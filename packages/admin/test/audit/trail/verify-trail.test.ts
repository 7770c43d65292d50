import { createAuditTrail, functionSink, type TrailHead, verifyTrail } from '@cloakwright/admin/audit'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { digest, sealHash } from '../../../src/audit/chain/chain.ts'
import { changes, sourceOf } from '../support.ts'

/** Batches of 2, 3, 1 and 2 entries: lines 1–2 and seal 3, lines 4–6 and seal 7, line 8 and seal 9, lines 10–11 and seal 12. */
let lines: string[]
let heads: TrailHead[]

async function trailOf(sizes: readonly number[]): Promise<{ lines: string[]; heads: TrailHead[] }> {
  const made = { lines: [] as string[], heads: [] as TrailHead[] }
  const trail = createAuditTrail({
    sink: functionSink(({ rows, seal }) => void made.lines.push(...rows, JSON.stringify({ seal }))),
    onHead: (head) => void made.heads.push(head),
    now: () => Date.UTC(2026, 0, 1),
  })
  for (const size of sizes) await trail.record(changes(size))
  return made
}

beforeAll(async () => {
  ;({ lines, heads } = await trailOf([2, 3, 1, 2]))
})

const edited = (edit: (lines: string[]) => void): string[] => {
  const copy = [...lines]
  edit(copy)
  return copy
}
const changed = (line: string): string => line.replace('user-', 'nobody-')

describe('verifyTrail', () => {
  it('finds no problem in an intact trail, and returns its head', async () => {
    expect(await verifyTrail(sourceOf(lines), { heads })).toEqual({
      entries: 8,
      head: heads.at(-1),
      problems: [],
    })
    expect(await verifyTrail(sourceOf([]))).toEqual({ entries: 0, head: undefined, problems: [] })
  })

  it.each<[string, (lines: string[]) => void, object[]]>([
    [
      'a changed entry',
      (l) => (l[4] = changed(l[4] ?? '')),
      [{ problem: 'changed', from: 4, to: 4, at: 'line 5' }],
    ],
    ['white space added', (l) => (l[4] += ' '), [{ problem: 'changed', from: 4, to: 4, at: 'line 5' }]],
    ['a line that is no JSON', (l) => (l[4] = 'x'), [{ problem: 'changed', from: 4, to: 4, at: 'line 5' }]],
    ['a removed entry', (l) => l.splice(3, 1), [{ problem: 'removed', from: 3, to: 3, at: 'line 6' }]],
    [
      'a repeated entry',
      (l) => l.splice(5, 0, l[4] ?? ''),
      [{ problem: 'inserted', from: 4, to: 4, at: 'line 6' }],
    ],
    [
      'a forged entry',
      (l) => l.splice(5, 0, changed(l[4] ?? '')),
      [{ problem: 'inserted', from: 4, to: 4, at: 'line 6' }],
    ],
    [
      'exchanged entries',
      (l) => ([l[3], l[5]] = [l[5] ?? '', l[3] ?? '']),
      [
        { problem: 'reordered', from: 4, to: 4, at: 'line 5' },
        { problem: 'reordered', from: 3, to: 3, at: 'line 6' },
      ],
    ],
    ['a removed batch', (l) => l.splice(3, 4), [{ problem: 'removed', from: 3, to: 5, at: 'line 5' }]],
    [
      'a removed seal',
      (l) => l.splice(6, 1),
      [
        { problem: 'unsealed', from: 3, to: 3, at: 'line 4' },
        { problem: 'unsealed', from: 4, to: 4, at: 'line 5' },
        { problem: 'unsealed', from: 5, to: 5, at: 'line 6' },
      ],
    ],
    [
      'a repeated batch',
      (l) => l.splice(7, 0, ...l.slice(3, 7)),
      [
        { problem: 'inserted', from: 3, to: 5, at: 'line 11' },
        { problem: 'inserted', from: 3, to: 3, at: 'line 8' },
        { problem: 'inserted', from: 4, to: 4, at: 'line 9' },
        { problem: 'inserted', from: 5, to: 5, at: 'line 10' },
      ],
    ],
    ['the last batch cut off', (l) => l.splice(9), [{ problem: 'truncated', from: 7, to: 8, at: 'line 9' }]],
    [
      'the last lines cut off',
      (l) => l.splice(10),
      [
        { problem: 'unsealed', from: 7, to: 7, at: 'line 10' },
        { problem: 'truncated', from: 7, to: 8, at: 'line 10' },
      ],
    ],
    [
      'everything cut off',
      (l) => l.splice(0),
      [{ problem: 'truncated', from: 1, to: 8, at: 'the beginning' }],
    ],
  ])('names the place of %s', async (_, edit, problems) => {
    expect((await verifyTrail(sourceOf(edited(edit)), { heads: heads.slice(-1) })).problems).toEqual(problems)
  })

  it('does not see a cut end without an exported head', async () => {
    expect((await verifyTrail(sourceOf(lines.slice(0, 9)))).problems).toEqual([])
  })

  it('sees that the end was written again, hashes and all, by an exported head', async () => {
    const forged: string[] = lines.slice(0, 7)
    const trail = createAuditTrail({
      sink: functionSink(({ rows, seal }) => void forged.push(...rows, JSON.stringify({ seal })), {
        head: heads[1] as TrailHead,
      }),
    })
    await trail.record(changes(1, 100))
    await trail.record(changes(2, 101))
    expect((await verifyTrail(sourceOf(forged))).problems).toEqual([])
    expect((await verifyTrail(sourceOf(forged), { heads: heads.slice(-1) })).problems).toEqual([
      { problem: 'replaced', from: 1, to: 8, at: 'line 12' },
    ])
  })

  it('sees that the end was cut off also when the trail went on in batches of the same length', async () => {
    const after: string[] = lines.slice(0, 7)
    const exported = [...heads]
    const trail = createAuditTrail({
      sink: functionSink(({ rows, seal }) => void after.push(...rows, JSON.stringify({ seal })), {
        head: heads[1] as TrailHead,
      }),
      onHead: (head) => void exported.push(head),
    })
    await trail.record(changes(1, 100))
    await trail.record(changes(2, 101))
    expect((await verifyTrail(sourceOf(after), { heads: exported })).problems).toEqual([
      { problem: 'replaced', from: 1, to: 6, at: 'line 9' },
      { problem: 'replaced', from: 1, to: 8, at: 'line 12' },
    ])
  })

  it('sees a batch that takes places which the batches before it have', async () => {
    const entry = JSON.stringify({ sequence: 8 })
    const other = JSON.stringify({ sequence: 9 })
    const content = {
      first: 8,
      last: 9,
      rows: [digest(entry), digest(other)],
      previous: heads[3]?.hash ?? '',
    }
    const seal = JSON.stringify({ seal: { ...content, hash: sealHash(content) } })
    expect((await verifyTrail(sourceOf([...lines, entry, other, seal]), { heads })).problems).toEqual([
      { problem: 'replaced', from: 8, to: 9, at: 'line 15' },
    ])
  })

  it('accepts the heads of many years', async () => {
    const [first] = heads
    const many = Array.from({ length: 200_000 }, () => first as TrailHead)
    const later = many.map(({ hash }, index) => ({ sequence: 9 + index, hash }))
    expect((await verifyTrail(sourceOf(lines), { heads: [...many, ...later] })).problems).toEqual([
      { problem: 'truncated', from: 9, to: 200_008, at: 'line 12' },
    ])
  })

  it('sees that all of it was written again in other batches', async () => {
    const other = await trailOf([5, 5])
    expect((await verifyTrail(sourceOf(other.lines), { heads: heads.slice(-1) })).problems).toEqual([
      { problem: 'replaced', from: 1, to: 8, at: 'line 12' },
    ])
  })

  it('sees a seal whose hash was not computed again, and one that continues another batch', async () => {
    const seal = lines[6] ?? ''
    const wrong = edited((l) => (l[6] = seal.replace(/"hash":"./, '"hash":"~')))
    expect((await verifyTrail(sourceOf(wrong))).problems).toEqual([
      { problem: 'changed', from: 3, to: 5, at: 'line 7' },
      { problem: 'replaced', from: 6, to: 6, at: 'line 9' },
    ])
    const other = await trailOf([1, 1, 3])
    const mixed = [...lines.slice(0, 3), ...other.lines.slice(4)]
    expect((await verifyTrail(sourceOf(mixed))).problems).toEqual([
      { problem: 'replaced', from: 3, to: 5, at: 'line 7' },
    ])
  })

  it('finds every single edit of a line', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('remove', 'change', 'repeat', 'move', 'cut'),
        async (sizes, where, to, edit) => {
          const made = await trailOf(sizes)
          const copy = [...made.lines]
          const at = where % copy.length
          const [line = ''] = copy.slice(at, at + 1)
          if (edit === 'remove') copy.splice(at, 1)
          if (edit === 'change') copy[at] = line.replace(/[0-9a-z]/i, (each) => (each === '0' ? '1' : '0'))
          if (edit === 'repeat') copy.splice(at, 0, line)
          if (edit === 'move') copy.splice(to % copy.length, 0, ...copy.splice(at, 1))
          if (edit === 'cut') copy.splice(at)
          const { problems } = await verifyTrail(sourceOf(copy), { heads: made.heads.slice(-1) })
          const isSame = copy.join('\n') === made.lines.join('\n')
          expect(problems.length > 0, edit).toBe(!isSame)
        },
      ),
      { numRuns: 300 },
    )
  })
})
