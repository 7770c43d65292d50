import { describe, expect, it } from 'vitest'
import { Browser, demo, openDemo } from './support.ts'

describe('importRealms', () => {
  it('leaves an existing realm unchanged unless told to replace it', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    await browser.password()
    const shop = { ...demo, users: [] }
    const skipped = await devRealm.importRealms([shop, { realm: 'second' }])
    expect(skipped).toMatchObject([
      { realm: 'demo', outcome: 'skipped', content: { users: 2, sessions: 1 } },
      { realm: 'second', outcome: 'added', content: { users: 0, sessions: 0 } },
    ])
    expect((await browser.password()).status).toBe(200)
    const [replaced] = await devRealm.importRealms([shop], { strategy: 'replace' })
    expect(replaced).toMatchObject({
      outcome: 'replaced',
      content: { users: 0, sessions: 0 },
      lost: { users: 2, sessions: 2 },
    })
    expect((await browser.password()).json().error).toBe('invalid_grant')
  })

  it('adds and replaces nothing if one of the realms is rejected', async () => {
    await using devRealm = await openDemo()
    const browser = new Browser(devRealm)
    const tokens = (await browser.password()).json()
    const broken = { realm: 'broken', users: [{ username: 'x', groups: ['/none'] }] }
    const all = [{ ...demo, users: [] }, { realm: 'second' }, broken]
    const sources = ['a.json', 'b.json', 'c.json']
    await expect(devRealm.importRealms(all, { strategy: 'replace', sources })).rejects.toMatchObject({
      code: 'CW_REALM_INVALID',
      message: expect.stringMatching(/^c\.json: The representation of the realm "broken" is invalid/),
    })
    expect((await browser.userinfo(tokens['access_token'] ?? '')).status).toBe(200)
    for (const realm of ['second', 'broken'])
      expect((await browser.send(`/realms/${realm}`)).status).toBe(404)
  })

  it('reports the JSON path of an unknown field instead of a line', async () => {
    await using devRealm = await openDemo()
    const realm = {
      realm: 'shop',
      clients: [{ clientId: 'a' }, { clientId: 'b', protocolMappers: [{ nope: 1 }] }],
    }
    await expect(devRealm.importRealm(realm)).rejects.toMatchObject({
      code: 'CW_REALM_INVALID',
      message: expect.stringMatching(
        /Unrecognized field "nope" at clients\[1\]\.protocolMappers\[0\]\.nope\.$/,
      ),
    })
  })

  it('reports a realm with the id of another one, and replaces nothing', async () => {
    await using devRealm = await openDemo({}, { id: 'my-id' })
    await devRealm.importRealm({ realm: 'second' })
    const twin = devRealm.importRealms([{ realm: 'second', id: 'my-id' }], { strategy: 'replace' })
    await expect(twin).rejects.toMatchObject({
      code: 'CW_REALM_INVALID',
      message: 'The realm "second" has the same id as the realm "demo"',
    })
    expect((await new Browser(devRealm).password()).status).toBe(200)
  })

  it('adds a realm with the id of the realm that it replaces', async () => {
    await using devRealm = await openDemo({}, { id: 'my-id' })
    await devRealm.importRealm({ ...demo, id: 'my-id', displayName: 'again' })
    expect((await new Browser(devRealm).password()).status).toBe(200)
  })
})
