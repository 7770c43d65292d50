import type { ListedSession, SealedData, SealedTokens, SessionRecord, SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { stores } from '../session/support/stores.ts'

const minute = 60_000
const start = Date.now()
const later = start + 45 * minute
let number = 0

function record(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    key: `key-${++number}`,
    issuer: 'https://id.example/realms/r',
    clientId: 'app',
    sid: `sid-${number}`,
    subject: `subject-${number}`,
    tokens: tokens(1),
    createdAt: start,
    lastSeenAt: start,
    expiresAt: start + 30 * minute,
    absoluteExpiresAt: start + 600 * minute,
    ...changes,
  }
}

function tokens(version: number): SealedTokens {
  return { version, keyId: 'k1', sealed: new Uint8Array([0, version, 255]), accessExpiresAt: start + minute }
}

function data(version: number): SealedData {
  return { version, keyId: 'k2', sealed: new Uint8Array([7, version, 254]) }
}

const device = { keyId: 'k3', sealed: new Uint8Array([1, 2, 128]) }

/** Drivers return different kinds of byte arrays. */
function plain(found: Partial<SessionRecord> | undefined): unknown {
  if (found === undefined) return undefined
  const bytes = Object.entries(found).map(([name, value]) => {
    if (typeof value !== 'object' || !('sealed' in value)) return [name, value]
    return [name, { ...value, sealed: [...value.sealed] }]
  })
  return Object.fromEntries(bytes) as unknown
}

describe.each(stores)('session store in $name', ({ open }) => {
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, close } = await open())
  })
  afterAll(() => close())

  async function added(changes: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const session = record(changes)
    await store.create(session)
    return session
  }

  it('returns the added session, with and without sid, device and data', async () => {
    const all = [
      await added({ device, data: data(1) }),
      await added({ sid: undefined }),
      await added({ device }),
    ]
    for (const session of all) expect(plain(await store.read(session.key))).toEqual(plain(session))
    expect(await store.read('unknown')).toBeUndefined()
  })

  it('removes the session that a new one replaces', async () => {
    const old = await added()
    const next = record()
    await store.create(next, old.key)
    expect(await store.read(old.key)).toBeUndefined()
    expect(await store.read(next.key)).toBeDefined()
  })

  it('deletes expired sessions at a later login', async () => {
    const old = await added({ createdAt: start - 60 * minute, expiresAt: start - 30 * minute })
    await added()
    expect(await store.read(old.key)).toBeUndefined()
  })

  it('records that a session was used', async () => {
    const session = await added()
    await store.touch(session.key, start + 5, start + 10)
    expect(await store.read(session.key)).toMatchObject({ lastSeenAt: start + 5, expiresAt: start + 10 })
    await store.touch('missing', start, later)
    expect(await store.read('missing')).toBeUndefined()
  })

  it('removes one session, and returns it', async () => {
    const session = await added()
    expect(plain(await store.remove(session.key))).toEqual(plain(session))
    expect(await store.remove(session.key)).toBeUndefined()
  })

  it('removes by provider session or by subject, within one issuer and client', async () => {
    const first = await added({ sid: 's', subject: 'u' })
    const second = await added({ sid: 's2', subject: 'u', data: data(1) })
    const other = await added({ sid: 's', subject: 'u', issuer: 'https://id.example/realms/other' })
    const otherClient = await added({ sid: 's', subject: 'u', clientId: 'other' })
    const issuer = 'https://id.example/realms/r'
    const client = { issuer, clientId: 'app' }
    expect(await store.removeWhere(other, { sid: 'absent' })).toEqual([])
    expect(await store.removeWhere(client, { sid: 's' })).toMatchObject([{ key: first.key }])
    const user = { subject: 'u', createdBefore: start }
    expect(await store.removeWhere(client, user)).toEqual([])
    const [removed, ...more] = await store.removeWhere(client, { ...user, createdBefore: start + 1 })
    const { key, clientId, sid, subject } = second
    expect(plain(removed)).toMatchObject(
      plain({ key, issuer, clientId, sid, subject, data: data(1) }) as object,
    )
    expect(more).toEqual([])
    expect(await store.read(other.key)).toBeDefined()
    expect(await store.read(otherClient.key)).toBeDefined()
  })

  it('lists the sessions of one user, client and issuer that expire last', async () => {
    const owner = { issuer: 'https://id.example/realms/r', clientId: 'app', subject: 'lister' }
    const expired = await added({ ...owner, expiresAt: start + minute })
    const soon = await added({ ...owner, expiresAt: start + 10 * minute, lastSeenAt: start + 7 })
    const last = await added({ ...owner, sid: undefined, device, expiresAt: start + 20 * minute })
    await added({ ...owner, clientId: 'other' })
    await added({ ...owner, issuer: 'https://id.example/realms/other' })
    await added({ ...owner, subject: 'somebody else' })
    const listed = (found: readonly ListedSession[]): unknown[] =>
      found.map(({ key, sid, device, createdAt, lastSeenAt, expiresAt }) =>
        plain({ key, sid, device, createdAt, lastSeenAt, expiresAt }),
      )
    expect(listed(await store.list(owner, start + minute, 10))).toEqual(listed([last, soon]))
    expect(listed(await store.list(owner, start + minute, 1))).toEqual(listed([last]))
    await store.touch(soon.key, start + 8, later)
    expect((await store.list(owner, start, 10)).map(({ key }) => key)).toEqual([
      soon.key,
      last.key,
      expired.key,
    ])
    await store.remove(last.key)
    expect((await store.list(owner, start + minute, 10)).map(({ key }) => key)).toEqual([soon.key])
    expect(await store.list({ ...owner, subject: 'nobody' }, start, 10)).toEqual([])
  })

  it('writes data only in place of the version before', async () => {
    const { key } = await added()
    expect(await store.writeData(key, data(2))).toBe(false)
    const writes = await Promise.all([1, 2, 3].map(() => store.writeData(key, data(1))))
    expect(writes.filter(Boolean)).toHaveLength(1)
    expect(await store.writeData(key, data(2))).toBe(true)
    expect(plain(await store.read(key))).toMatchObject(plain({ data: data(2) }) as object)
    expect(await store.writeData('missing', data(1))).toBe(false)
    expect(await store.read('missing')).toBeUndefined()
  })

  it('keeps data and tokens that are written at the same time', async () => {
    const { key } = await added({ device, data: data(1) })
    await store.claimRefresh(key, 1, 'a', minute)
    expect(await store.writeData(key, data(2))).toBe(true)
    expect(await store.finishRefresh(key, 'a', tokens(2), later)).toBe(true)
    expect(await store.writeData(key, data(3))).toBe(true)
    await store.touch(key, start + 1, later)
    expect(plain(await store.read(key))).toMatchObject(
      plain({ device, data: data(3), tokens: tokens(2) }) as object,
    )
  })

  it('keeps the later end of a session that is used while it is refreshed', async () => {
    const { key } = await added()
    await store.claimRefresh(key, 1, 'a', minute)
    await store.touch(key, start + minute, later + minute)
    expect(await store.finishRefresh(key, 'a', tokens(2), later)).toBe(true)
    expect(plain(await store.read(key))).toMatchObject({ expiresAt: later + minute, tokens: { version: 2 } })
    await store.claimRefresh(key, 2, 'a', minute)
    expect(await store.finishRefresh(key, 'a', tokens(3), later + 2 * minute)).toBe(true)
    expect(plain(await store.read(key))).toMatchObject({ expiresAt: later + 2 * minute })
  })

  it('gives the refresh lease to one of many', async () => {
    const { key } = await added()
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.claimRefresh(key, 1, `holder-${index}`, minute)),
    )
    expect(claims.filter(Boolean)).toHaveLength(1)
  })

  it('gives the lease again once it was released, and only for the version that was read', async () => {
    const { key } = await added()
    expect(await store.claimRefresh(key, 1, 'a', minute)).toBe(true)
    expect(await store.finishRefresh(key, 'a', tokens(2), later)).toBe(true)
    expect(await store.claimRefresh(key, 1, 'b', minute)).toBe(false)
    expect(await store.claimRefresh(key, 2, 'b', minute)).toBe(true)
    await store.abandonRefresh(key, 'b')
    expect(await store.claimRefresh(key, 2, 'c', minute)).toBe(true)
    expect(plain(await store.read(key))).toMatchObject({ tokens: { version: 2, sealed: [0, 2, 255] } })
  })

  it('expires the lease of a holder that died, and keeps what the next one wrote', async () => {
    const { key } = await added()
    expect(await store.claimRefresh(key, 1, 'dead', 1)).toBe(true)
    await vi.waitFor(async () => expect(await store.claimRefresh(key, 1, 'next', minute)).toBe(true))
    expect(await store.finishRefresh(key, 'dead', tokens(2), later)).toBe(false)
    expect(await store.endRefresh(key, 'dead')).toBe(false)
    await store.abandonRefresh(key, 'dead')
    expect(await store.claimRefresh(key, 1, 'third', minute)).toBe(false)
    expect(await store.finishRefresh(key, 'next', { ...tokens(2), keyId: 'k2' }, later)).toBe(true)
    expect(await store.read(key)).toMatchObject({ tokens: { version: 2, keyId: 'k2' }, expiresAt: later })
  })

  it('does not restore a session that was removed during its refresh', async () => {
    const { key } = await added()
    await store.claimRefresh(key, 1, 'a', minute)
    await store.remove(key)
    expect(await store.finishRefresh(key, 'a', tokens(2), later)).toBe(false)
    expect(await store.read(key)).toBeUndefined()
  })

  it('removes a session that cannot be refreshed any more', async () => {
    const { key } = await added()
    await store.claimRefresh(key, 1, 'a', minute)
    expect(await store.endRefresh(key, 'a')).toBe(true)
    expect(await store.read(key)).toBeUndefined()
  })

  it('reports each session that was removed, refreshed or got data, before it has caught up', async () => {
    const changed: (string | undefined)[] = []
    // Other test files use the same channel.
    const feed = await store.follow((key) => {
      if (key === undefined || key.startsWith('key-')) changed.push(key)
    })
    const [removed, replaced, refreshed, ended, bySid, changedData, untouched] = [
      await added(),
      await added(),
      await added(),
      await added(),
      await added({ sid: 'one-of-them' }),
      await added(),
      await added(),
    ]
    await store.remove(removed.key)
    await store.remove('missing')
    const next = record()
    await store.create(next, replaced.key)
    await store.claimRefresh(refreshed.key, 1, 'a', minute)
    await store.finishRefresh(refreshed.key, 'a', tokens(2), later)
    await store.claimRefresh(ended.key, 1, 'a', minute)
    await store.endRefresh(ended.key, 'a')
    await store.removeWhere(bySid, { sid: 'one-of-them' })
    await store.writeData(changedData.key, data(1))
    await store.writeData(changedData.key, data(1))
    await store.touch(untouched.key, start, later)
    await feed.caughtUp()
    const keys = [removed, replaced, refreshed, ended, bySid, changedData].map(({ key }) => key)
    expect(changed).toEqual(keys)
    await feed.close()
    await store.remove(untouched.key)
    expect(changed).toHaveLength(6)
  })

  it('reports a key as new once, however many ask', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => store.useOnce('state', start + minute, start)))
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect(await store.useOnce('another', start + minute, start)).toBe(true)
    expect(await store.useOnce('state', start + minute, start + 1)).toBe(false)
  })

  it('deletes a used key some time after it has expired', async () => {
    await store.useOnce('old', start + 1, start)
    await store.useOnce('sweeps', start + 2 * minute, start + minute)
    await vi.waitFor(async () =>
      expect(await store.useOnce('old', start + 2 * minute, start + minute)).toBe(true),
    )
  })
})
