import { type Admin, withReason } from '@cloakwright/admin'
import {
  type AdminEvent,
  createAuditTrail,
  type EventGap,
  type FollowEventsOptions,
  followEvents,
  followUserEvents,
  ndjsonSink,
} from '@cloakwright/admin/audit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { caught } from '../../support/caught.ts'
import { onKeycloak, openTarget, type Target } from '../../support/target.ts'
import { openFolder, recorded } from '../support.ts'

let target: Target
let folder: Awaited<ReturnType<typeof openFolder>>
let realm: string
let admin: Admin
beforeAll(async () => {
  target = await openTarget()
  folder = await openFolder()
})
afterAll(async () => {
  await target.close()
  await folder.close()
})
async function openRealm(): Promise<void> {
  realm = target.realmName()
  await target
    .admin()
    .client.realms.create({ realm, enabled: true, adminEventsEnabled: true, adminEventsDetailsEnabled: true })
  admin = target.admin({ realm })
}

const add = async (username: string, by = admin): Promise<string> =>
  (await by.client.users.create({ username })).id
const nameOf = ({ representation = '{}' }: AdminEvent): string =>
  (JSON.parse(representation) as { username?: string }).username ?? ''

/** What a follower that reads to the end delivers, and its cursor. */
async function readAll(
  options: Partial<FollowEventsOptions> = {},
): Promise<{ names: string[]; events: AdminEvent[]; cursor: string }> {
  const events: AdminEvent[] = []
  const cursor = await followEvents(admin, {
    once: true,
    onEvents: (some) => void events.push(...some),
    ...options,
  })
  return { names: events.map(nameOf), events, cursor }
}

describe('followEvents', () => {
  beforeEach(openRealm)

  it('returns all events, then only new ones from the cursor', async () => {
    await add('one')
    await add('two')
    const first = await readAll()
    expect(first.names).toEqual(['one', 'two'])
    expect(first.events[0]).toMatchObject({ operationType: 'CREATE', resourceType: 'USER' })
    await add('three')
    const second = await readAll({ cursor: first.cursor })
    expect(second.names).toEqual(['three'])
    expect((await readAll({ cursor: second.cursor })).names).toEqual([])
  })

  it('begins at a time', async () => {
    await add('before')
    const { events } = await readAll()
    const from = (events[0]?.time ?? 0) + 1
    await add('after')
    expect((await readAll({ from })).names).toEqual(['after'])
    expect((await readAll({ from: new Date(from) })).names).toEqual(['after'])
  })

  it('returns the same events with any overlap', async () => {
    for (const name of ['a-1', 'a-2', 'a-3']) await add(name)
    const narrow = await readAll({ overlap: 0 })
    expect(narrow.names).toHaveLength(3)
    await add('a-4')
    const wide = await readAll({ cursor: narrow.cursor, overlap: 600_000 })
    expect(wide.names).toEqual(['a-4'])
    expect((await readAll({ cursor: wide.cursor, overlap: 600_000 })).names).toEqual([])
  })

  it('gives each of 1,000 users that are made meanwhile exactly once, restarted three times', {
    timeout: 180_000,
  }, async () => {
    const counts = new Map<string, number>()
    let kept: string | undefined
    let running = true
    const writing = (async () => {
      const left = Array.from({ length: 1000 }, (_, index) => `user-${index}`)
      const write = async (): Promise<void> => {
        for (let name = left.pop(); name !== undefined; name = left.pop()) await add(name)
      }
      await Promise.all(Array.from({ length: 8 }, write))
      running = false
    })()
    const total = (): number => counts.size
    for (const limit of [150, 400, 700, Infinity]) {
      const stop = new AbortController()
      const following = followEvents(admin, {
        ...(kept === undefined ? {} : { cursor: kept }),
        signal: stop.signal,
        interval: 20,
        onEvents(events, cursor) {
          for (const event of events) counts.set(nameOf(event), (counts.get(nameOf(event)) ?? 0) + 1)
          kept = cursor
          if (total() >= limit) stop.abort()
        },
      })
      if (limit === Infinity) {
        await writing
        await expect.poll(total, { timeout: 60_000 }).toBe(1000)
        stop.abort()
      }
      await following
    }
    expect(running).toBe(false)
    expect([...counts.values()].every((count) => count === 1)).toBe(true)
    expect((await readAll(kept === undefined ? {} : { cursor: kept })).names).toEqual([])
  })

  it('misses no event when one millisecond has more events than a page', async () => {
    const users = Array.from({ length: 1200 }, (_, index) => ({ username: `m-${index}` }))
    await admin.client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users } })
    const { names } = await readAll()
    expect(new Set(names)).toEqual(new Set(users.map(({ username }) => username)))
    expect(names).toHaveLength(1200)
  }, 60_000)

  it('reports that events may be lost if the last one read no longer exists', async () => {
    await add('one')
    const { cursor, events } = await readAll()
    await add('lost')
    await admin.client.realms.clearAdminEvents({ realm })
    await add('next')
    const gaps: EventGap[] = []
    const after = await readAll({ cursor, onGap: (gap) => void gaps.push(gap) })
    expect(after.names).toEqual(['next'])
    expect(gaps).toEqual([{ after: events[0]?.time, before: after.events[0]?.time }])
    expect((await readAll({ cursor: after.cursor, onGap: (gap) => void gaps.push(gap) })).names).toEqual([])
    expect(gaps).toHaveLength(1)
  })

  it('ends during a wait when the signal is aborted', async () => {
    const stop = new AbortController()
    const following = followEvents(admin, { signal: stop.signal, interval: 3_600_000, onEvents: () => {} })
    await expect
      .poll(() => target.proxy.seen.some(({ path }) => path.endsWith(`${realm}/admin-events`)))
      .toBe(true)
    stop.abort()
    expect(typeof (await following)).toBe('string')
  })

  it('masks what Keycloak left in a representation', async () => {
    await admin.client.users.create({ username: 'canary', attributes: { api_token: ['canary-6b'] } })
    const { events } = await readAll()
    expect(events[0]?.representation).toContain('"username":"canary"')
    expect(JSON.stringify(events)).not.toContain('canary-6b')
  })
})

// The embedded realm records no logins.
describe.runIf(onKeycloak)('followUserEvents', () => {
  beforeEach(openRealm)

  it('gives logins once each', async () => {
    const { client } = admin
    await client.realms.update({ realm }, { eventsEnabled: true })
    await client.clients.create({ clientId: 'app', publicClient: true, directAccessGrantsEnabled: true })
    const types: unknown[] = []
    let cursor = ''
    for (const _try of [1, 2]) {
      const credentials = { realm, clientId: 'app', username: 'nobody', password: 'wrong' }
      await caught(target.admin({ realm, credentials }).client.users.count())
      cursor = await followUserEvents(admin, {
        once: true,
        ...(cursor === '' ? {} : { cursor }),
        onEvents: (events) => void types.push(...events.map(({ type }) => type)),
      })
    }
    expect(types).toEqual(['LOGIN_ERROR', 'LOGIN_ERROR'])
  })
})

describe('a cursor', () => {
  it.each([
    '',
    'x',
    '{}',
    '{"floor":1}',
    '{"floor":-1,"seen":[]}',
    '{"floor":1,"seen":[[1,2]]}',
    '{"floor":1,"seen":[null]}',
  ])('refuses an invalid cursor: %s', async (cursor) => {
    expect(
      (await caught(followEvents(target.admin(), { cursor, once: true, onEvents: () => {} }))).code,
    ).toBe('CW_CONFIG_INVALID')
  })
})

describe('with the audit trail', () => {
  beforeEach(openRealm)

  const trailed = (path: string): Admin =>
    withReason(target.admin({ realm, recorder: createAuditTrail({ sink: ndjsonSink(path) }) }), {
      who: 'bob',
    })

  it('finds the entry of each event, and the events that are not from the toolkit', async () => {
    const path = folder.path('matched.ndjson')
    const by = trailed(path)
    const id = await add('known', by)
    await recorded(by, [{ action: 'create', kind: 'user', realm, id, name: 'known', fields: [] }])
    await by.client.users.logout({ id })
    await recorded(by, [{ action: 'delete', kind: 'session', realm, id, name: 'known', fields: [] }])
    await add('stranger')
    await admin.client.roles.create({ name: 'editor' })
    await recorded(by, [{ action: 'create', kind: 'realm role', realm, name: 'editor', fields: [] }])
    const { events } = await readAll({ trail: ndjsonSink(path), settle: 0 })
    expect(events.map(({ entries, resourceType }) => [resourceType, entries])).toEqual([
      ['USER', [1, 2]],
      ['USER', [1, 2]],
      ['USER', []],
      ['REALM_ROLE', [3]],
    ])
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set([target.credentials.username]))
  })

  it('tells the toolkit’s account from another administrator', async () => {
    const path = folder.path('actors.ndjson')
    const by = trailed(path)
    const { id: clientId } = await admin.client.clients.create({
      clientId: 'operator',
      secret: 'operator-secret',
      serviceAccountsEnabled: true,
    })
    const account = await admin.client.clients.getServiceAccountUser({ id: clientId })
    const [management] = await admin.client.clients.find({ clientId: 'realm-management' })
    const manage = await admin.client.clients.findRole({ id: management?.id ?? '', roleName: 'manage-users' })
    await admin.client.users.addClientRoleMappings({
      id: account.id ?? '',
      clientUniqueId: management?.id ?? '',
      roles: [{ id: manage?.id ?? '', name: manage?.name ?? '' }],
    })
    const { cursor } = await readAll()
    const other = target.admin({
      realm,
      credentials: { clientId: 'operator', clientSecret: 'operator-secret' },
    })
    const id = await add('changed', by)
    await recorded(by, [{ action: 'create', kind: 'user', realm, id, name: 'changed', fields: [] }])
    await other.client.users.update({ id }, { username: 'changed', enabled: false })
    const { events } = await readAll({ cursor, trail: ndjsonSink(path), settle: 0 })
    expect(events.map(({ actor, entries }) => [actor, entries])).toEqual([
      [target.credentials.username, [1]],
      ['service-account-operator', []],
    ])
  })

  it('leaves events for later until their entry has had time', async () => {
    const path = folder.path('later.ndjson')
    await add('early')
    const { events } = await readAll()
    const at = events[0]?.time ?? 0
    const trail = ndjsonSink(path)
    expect((await readAll({ trail, now: () => at + 9_999 })).names).toEqual([])
    expect((await readAll({ trail, now: () => at + 10_000 })).names).toEqual(['early'])
  })
})
