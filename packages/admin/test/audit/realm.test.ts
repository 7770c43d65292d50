import type { Admin } from '@cloakwright/admin'
import {
  type AuditEntry,
  createAuditTrail,
  followEvents,
  functionSink,
  ndjsonSink,
} from '@cloakwright/admin/audit'
import { ensureRealm, type RealmDefinition } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'
import { openFolder } from './support.ts'

let target: Target
let folder: Awaited<ReturnType<typeof openFolder>>
beforeAll(async () => {
  target = await openTarget()
  folder = await openFolder()
})
afterAll(async () => {
  await target.close()
  await folder.close()
})

function recording(): { admin: Admin; entries: AuditEntry[]; text: () => string } {
  const rows: string[] = []
  const entries: AuditEntry[] = []
  const sink = functionSink((batch) => {
    rows.push(...batch.rows)
    entries.push(...batch.rows.map((row) => JSON.parse(row) as AuditEntry))
  })
  return {
    admin: target.admin({ recorder: createAuditTrail({ sink }) }),
    entries,
    text: () => rows.join('\n'),
  }
}

const canary = 'canary-71'
const alice = { username: 'alice', email: 'alice@example.org', firstName: 'Alice', lastName: 'A' }
const definition = (realm: string): RealmDefinition => ({
  realm,
  displayName: 'Shop',
  adminEventsEnabled: true,
  adminEventsDetailsEnabled: true,
  smtpServer: {
    host: 'mail.example.org',
    from: 'shop@example.org',
    user: 'shop',
    auth: 'true',
    password: canary,
  },
  roles: { realm: [{ name: 'editor' }, { name: 'reader' }] },
  clients: [{ clientId: 'app', secret: canary, publicClient: false }],
  groups: [{ name: 'staff', attributes: { floor: ['1'] } }],
  users: [{ ...alice, password: canary, roles: { realm: ['editor'] } }],
})

describe('a realm that is applied', () => {
  it('is recorded change by change, with values and without secrets', async () => {
    const { admin, entries, text } = recording()
    const realm = target.realmName()
    const changes = await ensureRealm(admin, definition(realm))
    expect(entries.map(({ action, kind, name, fields }) => ({ action, kind, name, fields }))).toEqual(changes)
    expect(new Set(entries.map((entry) => entry.realm))).toEqual(new Set([realm]))
    expect(entries.find(({ kind }) => kind === 'user')?.after).toEqual({
      ...alice,
      enabled: true,
      roles: { realm: ['editor'] },
    })
    const before = entries.length
    const { displayName: _old, ...same } = definition(realm)
    await ensureRealm(admin, {
      ...same,
      displayName: 'Shop 2',
      groups: [{ name: 'staff', attributes: { floor: ['2'] } }],
      users: [{ username: 'alice', enabled: false, roles: { realm: ['editor', 'reader'] } }],
    })
    expect(entries.slice(before)).toMatchObject([
      { kind: 'realm', before: { displayName: 'Shop' }, after: { displayName: 'Shop 2' } },
      {
        kind: 'group',
        name: '/staff',
        before: { attributes: { floor: ['1'] } },
        after: { attributes: { floor: ['2'] } },
      },
      {
        kind: 'user',
        fields: ['enabled', 'roles.reader'],
        before: { enabled: true },
        after: { enabled: false },
      },
    ])
    expect(text()).not.toContain(canary)
  })

  it('is recorded as far as it was made, where a later request of the same change fails', async () => {
    const { admin, entries } = recording()
    const realm = target.realmName()
    const user = { ...alice, roles: { realm: ['editor'] }, groups: ['/staff', '/guests'] }
    const wanted: RealmDefinition = {
      ...definition(realm),
      groups: [{ name: 'staff' }, { name: 'guests' }],
      users: [user],
    }
    await ensureRealm(admin, { ...wanted, users: [] })
    entries.length = 0

    target.proxy.fail('POST', '/role-mappings/realm', { status: 400 })
    expect((await caught(ensureRealm(admin, wanted))).code).toBe('CW_ADMIN_REFUSED')
    target.proxy.reset()
    expect(entries).toMatchObject([{ action: 'create', kind: 'user', name: 'alice' }])
    expect(entries[0]?.after).toEqual({ ...alice, enabled: true })

    await ensureRealm(admin, wanted)
    expect(entries[1]).toMatchObject({
      action: 'update',
      fields: ['roles.editor', 'groups/staff', 'groups/guests'],
      before: { 'roles.editor': false, 'groups/staff': false, 'groups/guests': false },
      after: { 'roles.editor': true, 'groups/staff': true, 'groups/guests': true },
    })
  })

  it('is unchanged if the trail cannot be written', async () => {
    const realm = target.realmName()
    const recorder = createAuditTrail({ sink: ndjsonSink(folder.path('no/such/folder')) })
    const error = await caught(ensureRealm(target.admin({ recorder }), definition(realm)))
    expect(error.code).toBe('CW_AUDIT_UNAVAILABLE')
    expect(await target.admin().client.realms.findOne({ realm })).toBeNull()
  })

  it('has no event that is missing in the trail', async () => {
    const realm = target.realmName()
    const trail = ndjsonSink(folder.path('realm.ndjson'))
    const admin = target.admin({ realm, recorder: createAuditTrail({ sink: trail }) })
    await ensureRealm(admin, definition(realm))
    const unknown: unknown[] = []
    let count = 0
    await followEvents(admin, {
      once: true,
      trail,
      settle: 0,
      onEvents(events) {
        count += events.length
        for (const { entries, resourceType, resourcePath } of events) {
          if (entries?.length === 0) unknown.push([resourceType, resourcePath])
        }
      },
    })
    expect(unknown).toEqual([])
    expect(count).toBeGreaterThan(4)
  })
})
