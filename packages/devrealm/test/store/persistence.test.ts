import { fromPglite, migrate, type SqlClient } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedDatabase, openTemporaryDatabase } from '../../src/home/index.ts'
import { createDevRealm, type DevRealm, migrations } from '../../src/index.ts'
import { Browser, codeOf, demo, openDemo } from '../support.ts'

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

/** The first process is never closed: what it has not written when it responds is lost, as after kill -9. */
async function afterKill(): Promise<Browser & { devRealm: DevRealm }> {
  const devRealm = await createDevRealm({ sql })
  return Object.assign(new Browser(devRealm), { devRealm })
}

describe('a realm whose process was killed', () => {
  it('keeps its users, its sessions and its keys', async () => {
    const before = new Browser(await openDemo({ sql }))
    const tokens = (await before.password()).json()
    const keys = '/realms/demo/protocol/openid-connect/certs'
    const keysBefore = (await before.send(keys)).text
    const after = await afterKill()
    expect((await after.userinfo(tokens.access_token ?? '')).status).toBe(200)
    expect((await after.refresh(tokens.refresh_token ?? '')).status).toBe(200)
    expect((await after.password()).status).toBe(200)
    expect((await after.send(keys)).text).toBe(keysBefore)
  })

  it('keeps a browser signed in', async () => {
    const before = new Browser(await openDemo({ sql }))
    expect((await before.login()).status).toBe(302)
    const after = await afterKill()
    for (const [name, value] of before.cookies) after.cookies.set(name, value)
    expect(codeOf(await after.authorize({ prompt: 'none' }))).not.toBe('')
  })

  it('keeps an open login page usable', async () => {
    const before = new Browser(await openDemo({ sql }))
    const page = await before.authorize()
    const after = await afterKill()
    for (const [name, value] of before.cookies) after.cookies.set(name, value)
    const restarted = await after.submit(page, { username: 'alice', password: 'alice' })
    expect(restarted.status).toBe(302)
    const again = await after.send(restarted.location().href)
    const done = await after.submit(again, { username: 'alice', password: 'alice' })
    expect(done.location().searchParams.get('state')).toBe('state-1')
    expect((await after.exchange(codeOf(done))).status).toBe(200)
  })

  it('keeps what was ended: a logout, a revoked token, a used refresh token', async () => {
    const before = new Browser(await openDemo({ sql }, { revokeRefreshToken: true }))
    const out = (await before.password()).json()
    const client = { client_id: 'app', client_secret: 'app-secret' }
    await before.send('/realms/demo/protocol/openid-connect/logout', {
      ...client,
      refresh_token: out.refresh_token ?? '',
    })
    const revoked = (await before.password()).json()
    await before.send('/realms/demo/protocol/openid-connect/revoke', {
      ...client,
      token: revoked.access_token ?? '',
    })
    const spent = (await before.password()).json()
    await before.refresh(spent.refresh_token ?? '')
    const after = await afterKill()
    expect((await after.userinfo(out.access_token ?? '')).status).toBe(401)
    expect((await after.userinfo(revoked.access_token ?? '')).status).toBe(401)
    const reuse = await after.refresh(spent.refresh_token ?? '')
    expect(reuse.json().error_description).toBe('Maximum allowed refresh token reuse exceeded')
  })

  it('does not restore a realm that an import replaced', async () => {
    const before = await openDemo({ sql })
    await before.importRealm({ realm: 'demo', enabled: true })
    const after = await afterKill()
    expect((await after.password()).json().error).toBe('invalid_client')
  })
})

describe('an import that replaces a realm', () => {
  it('is one transaction: a kill at any statement leaves the old realm or the new one', async () => {
    await openDemo({ sql })
    const replacement = { ...demo, displayName: 'new', users: [] }
    for (const statements of [0, 1, 2, Number.POSITIVE_INFINITY]) {
      const process = mortal()
      const devRealm = await createDevRealm({ sql: process.sql })
      Object.assign(process, { statements, transactions: 0 })
      const isKilled = await devRealm.importRealm(replacement).then(
        () => false,
        () => true,
      )
      expect([isKilled, process.transactions]).toEqual([statements !== Number.POSITIVE_INFINITY, 1])
      process.statements = 0
      const { error } = (await (await afterKill()).password()).json()
      expect(error).toBe(isKilled ? undefined : 'invalid_grant')
    }
  })
})

/** A database that runs this many more statements, and then no more. */
function mortal() {
  const life = { statements: Number.POSITIVE_INFINITY, transactions: 0 }
  const client: SqlClient = {
    query: (text, parameters) => sql.query(text, parameters),
    listen: (...asked) => sql.listen(...asked),
    transaction(work) {
      life.transactions += 1
      return sql.transaction((tx) =>
        work({
          query: (text, parameters) => {
            if (life.statements <= 0) throw new Error('killed')
            life.statements -= 1
            return tx.query(text, parameters)
          },
        }),
      )
    },
  }
  return Object.assign(life, { sql: client })
}

describe('a database that fails', () => {
  it('fails the request, and works again when it is back', async () => {
    let isBroken = false
    const flaky: SqlClient = {
      ...sql,
      query: (text, parameters) => sql.query(text, parameters),
      transaction: (work) => (isBroken ? Promise.reject(new Error('gone')) : sql.transaction(work)),
    }
    const browser = new Browser(await openDemo({ sql: flaky }))
    isBroken = true
    expect((await browser.password()).status).toBe(503)
    isBroken = false
    const tokens = (await browser.password()).json()
    const after = await afterKill()
    expect((await after.userinfo(tokens.access_token ?? '')).status).toBe(200)
  })
})
