import { randomBytes } from 'node:crypto'
import { CloakwrightError } from 'cloakwright'
import { fromPglite, migrate, type SqlClient } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRealm } from '../../src/defaults/new-realm.ts'
import { type EmbeddedDatabase, openTemporaryDatabase } from '../../src/home/index.ts'
import { createDevRealm, migrations } from '../../src/index.ts'
import type { RealmStore } from '../../src/store/realm-store.ts'
import { Store } from '../../src/store/store.ts'
import { openAdmin } from '../admin/support.ts'
import { Browser, openDemo } from '../support.ts'

let database: EmbeddedDatabase
let sql: SqlClient

beforeAll(async () => {
  database = await openTemporaryDatabase()
  sql = fromPglite(database.pglite)
  await migrate(sql, 'devrealm', migrations)
})
afterAll(() => database.close())
beforeEach(async () => {
  await sql.query('DELETE FROM devrealm.documents')
})

const unavailable = (): CloakwrightError =>
  new CloakwrightError('CW_STATE_UNAVAILABLE', 'Cannot reach the database: it is down')

/** A database that fails where the test says: before a transaction, or after its commit. */
function fallible() {
  const state: { down?: 'before' | 'after'; error?: Error } = {}
  const client: SqlClient = {
    query: (text, parameters) => sql.query(text, parameters),
    listen: (...asked) => sql.listen(...asked),
    async transaction(work) {
      if (state.down === 'before') throw state.error ?? unavailable()
      const result = await sql.transaction(work)
      if (state.down === 'after') throw unavailable()
      return result
    },
  }
  return Object.assign(state, { sql: client })
}

async function open(client: SqlClient = sql): Promise<{ store: Store; realm: RealmStore }> {
  const store = await Store.open(client, Date.now)
  const realm = await store.atomically(() => createRealm(store, { realm: 'demo' }))
  return { store, realm }
}

const group = (id: string, name = id) => ({ id, name, attributes: {}, roles: [] })
const groupNames = (store: Store): string[] =>
  (store.realm('demo')?.groups.values() ?? []).map(({ name }) => name).sort()

/** The state in memory, and the state after a restart. */
async function everywhere(store: Store): Promise<string[][]> {
  return [groupNames(store), groupNames(await Store.open(sql, Date.now))]
}

describe('changes that belong together', () => {
  it('are all undone, in memory and in the database, if one cannot be stored', async () => {
    const { store, realm } = await open()
    await store.atomically(() => realm.groups.put(group('kept')))
    const refused = store.atomically(() => {
      realm.groups.put(group('new'))
      realm.groups.put({ ...group('kept'), name: 'renamed' })
      realm.groups.put(group('a\0b'))
    })
    await expect(refused).rejects.toMatchObject({ name: 'WriteError', isRefusal: true })
    expect(await everywhere(store)).toEqual([['kept'], ['kept']])
    await store.atomically(() => realm.groups.put(group('later')))
    expect(await everywhere(store)).toEqual([
      ['kept', 'later'],
      ['kept', 'later'],
    ])
    expect(await store.isWritable()).toBe(true)
  })

  it.each([
    ['nested 200,000 deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['longer than an index takes, as an id', undefined],
  ])('fail without affecting concurrent requests: a document %s', async (_, deep) => {
    const { store, realm } = await open()
    const random = randomBytes(6000).toString('base64url')
    const bad =
      deep === undefined ? group(random) : { ...group('deep'), attributes: JSON.parse(deep) as never }
    const all = await Promise.allSettled([
      store.atomically(() => realm.groups.put(group('one'))),
      store.atomically(() => realm.groups.put(bad)),
      store.atomically(() => realm.groups.put(group('two'))),
    ])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await everywhere(store)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
  })

  it('are undone if the work fails, and concurrent changes stay', async () => {
    const { store, realm } = await open()
    const work = store.atomically(async () => {
      realm.groups.put(group('own'))
      realm.groups.put(group('shared', 'mine'))
      await store.atomically(() => realm.groups.put(group('shared', 'theirs')))
      throw new Error('the handler failed')
    })
    await expect(work).rejects.toThrow('the handler failed')
    expect(await everywhere(store)).toEqual([['theirs'], ['theirs']])
  })

  it('when undone, restore a deleted realm, including concurrent writes to it', async () => {
    const { store, realm } = await open()
    await store.atomically(() => realm.groups.put(group('before')))
    const work = store.atomically(async () => {
      store.deleteRealm(realm)
      createRealm(store, { realm: 'demo', id: realm.info.id })
      await store.atomically(() => realm.groups.put(group('meanwhile')))
      throw new Error('the handler failed')
    })
    await expect(work).rejects.toThrow('the handler failed')
    expect(store.realm('demo')).toBe(realm)
    await store.atomically(() => realm.groups.put(group('after')))
    const all = ['after', 'before', 'meanwhile']
    expect(await everywhere(store)).toEqual([all, all])
  })

  it('when undone, restore the realm’s name', async () => {
    const { store, realm } = await open()
    const work = store.atomically(() => {
      realm.update({ ...realm.info, realm: 'renamed' })
      throw new Error('the handler failed')
    })
    await expect(work).rejects.toThrow('the handler failed')
    expect([store.realm('demo'), store.realm('renamed')]).toEqual([realm, undefined])
  })

  it('may contain any JSON string, except as an id', async () => {
    const { store, realm } = await open()
    await store.atomically(() => realm.groups.put(group('odd', 'a\0b\ud800')))
    expect(groupNames(await Store.open(sql, Date.now))).toEqual(['a\0b\ud800'])
  })
})

describe('a database that is down', () => {
  it('fails writes until it is back, and leaves memory unchanged', async () => {
    const database = fallible()
    const { store, realm } = await open(database.sql)
    database.down = 'before'
    const write = store.atomically(() => realm.groups.put(group('new')))
    await expect(write).rejects.toMatchObject({ name: 'WriteError', isRefusal: false })
    expect(groupNames(store)).toEqual([])
    expect(await store.isWritable()).toBe(false)
    await store.close()
    delete database.down
    expect(await store.isWritable()).toBe(true)
    await store.atomically(() => realm.groups.put(group('new')))
    expect(await everywhere(store)).toEqual([['new'], ['new']])
  })

  it('may have stored an unconfirmed write: the next write makes memory and database equal', async () => {
    const database = fallible()
    const { store, realm } = await open(database.sql)
    await store.atomically(() => realm.groups.put(group('kept')))
    database.down = 'after'
    const write = store.atomically(() => {
      realm.groups.delete('kept')
      realm.groups.put(group('new'))
    })
    await expect(write).rejects.toMatchObject({ isRefusal: false })
    delete database.down
    await store.atomically(() => realm.groups.put(group('later')))
    const all = ['kept', 'later']
    expect(await everywhere(store)).toEqual([all, all])
  })

  it('is reported by readiness and a 503 without SQLSTATE; reads still work', async () => {
    const database = fallible()
    await using devRealm = await openDemo({ sql: database.sql })
    const browser = new Browser(devRealm)
    const status = async (path: string): Promise<number> => (await browser.send(path)).status
    expect(await status('/realms/demo/protocol/openid-connect/certs')).toBe(200)
    expect(await status('/health/ready')).toBe(200)
    database.down = 'before'
    const refused = await browser.password()
    expect(refused.status).toBe(503)
    expect(refused.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'Could not write to the database of the realm',
    })
    expect(await status('/health/ready')).toBe(503)
    expect(await status('/health/live')).toBe(200)
    expect(await status('/realms/demo/protocol/openid-connect/certs')).toBe(200)
    delete database.down
    expect(await status('/health/ready')).toBe(200)
    expect((await browser.password()).status).toBe(200)
  })

  it('reports the next step for a full disk, in both APIs', async () => {
    const database = fallible()
    const target = await openAdmin('demo', { sql: database.sql })
    database.error = new CloakwrightError('CW_DISK_FULL', 'No space left to write /var/lib/x')
    database.down = 'before'
    const expected = {
      error: 'temporarily_unavailable',
      error_description:
        'Could not write to the database of the realm: its disk is full. Free space on it; no restart is needed',
    }
    const added = await target.send('POST', '/demo/groups', { name: 'new' })
    expect([added.status, JSON.parse(added.text)]).toEqual([503, expected])
    const token = await fetch(`${target.server}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: 'admin',
        password: 'admin',
      }),
    })
    expect([token.status, await token.json()]).toEqual([503, expected])
    delete database.down
    await target.close()
  })

  it('does not prevent the realm from closing', async () => {
    const database = fallible()
    const devRealm = await createDevRealm({ sql: database.sql })
    await devRealm.importRealm({ realm: 'demo', enabled: true })
    database.down = 'before'
    await expect(devRealm.close()).resolves.toBeUndefined()
  })
})
