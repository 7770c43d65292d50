import type { SavedForm, SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stores } from '../session/support/stores.ts'

const hour = 3_600_000
const start = Date.now()
let number = 0

function form(changes: Partial<SavedForm> = {}): SavedForm {
  number++
  return {
    key: `form-${number}`,
    owner: `owner-${number}`,
    keyId: 'k1',
    sealed: new Uint8Array([0, number, 255]),
    expiresAt: start + hour,
    ...changes,
  }
}

describe.each(stores)('saved forms in $name', ({ open }) => {
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, close } = await open())
  })
  afterAll(() => close())

  it('returns a form until it expires', async () => {
    const saved = form()
    await store.saveForm(saved, start)
    const found = await store.readForm(saved.key, start + hour - 1)
    expect({ ...found, sealed: [...(found?.sealed ?? [])] }).toEqual({ ...saved, sealed: [...saved.sealed] })
    expect(await store.readForm(saved.key, start + hour)).toBeUndefined()
    expect(await store.readForm('unknown', start)).toBeUndefined()
  })

  it('gives a form to one of many who take it', async () => {
    const saved = form()
    await store.saveForm(saved, start)
    const taken = await Promise.all(Array.from({ length: 10 }, () => store.takeForm(saved.key)))
    expect(taken.filter((one) => one)).toHaveLength(1)
    expect(await store.readForm(saved.key, start)).toBeUndefined()
  })

  it('keeps the latest eight of one owner, and those of others', async () => {
    const other = form()
    await store.saveForm(other, start)
    const all = Array.from({ length: 11 }, (_, index) =>
      form({ owner: 'alice', expiresAt: start + hour + index }),
    )
    for (const one of all) await store.saveForm(one, start)
    const kept = await Promise.all(
      all.map(async ({ key }) => (await store.readForm(key, start)) !== undefined),
    )
    expect(kept).toEqual([...Array<boolean>(3).fill(false), ...Array<boolean>(8).fill(true)])
    expect(await store.readForm(other.key, start)).toBeDefined()
  })

  it('holds a form of 64 KB', async () => {
    const saved = form({ sealed: new Uint8Array(65_600).fill(7) })
    await store.saveForm(saved, start)
    expect((await store.readForm(saved.key, start))?.sealed).toHaveLength(65_600)
  })
})
