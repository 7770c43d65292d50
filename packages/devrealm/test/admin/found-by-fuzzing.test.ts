import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin } from './support.ts'

let target: AdminTarget

beforeAll(async () => {
  target = await openAdmin()
})
afterAll(() => target.close())

describe('a reference to an unknown object', () => {
  it('in a new user is rejected and creates no user', async () => {
    const user = { username: 'lost', groups: ['/nowhere'] }

    expect((await target.send('POST', '/demo/users', user)).status).toBe(400)
    expect((await target.send('GET', '/demo/users?username=lost')).text).toBe('[]')
  })

  it('in a realm is rejected and changes nothing', async () => {
    const answer = await target.send('PUT', '/demo', { browserFlow: 'none', displayName: 'changed' })

    expect([answer.status, answer.text]).toEqual([400, '{"errorMessage":"Failed to update realm"}'])
    expect(JSON.parse((await target.send('GET', '/demo')).text)).toMatchObject({ browserFlow: 'browser' })
  })
})

describe('a path that looks like a pattern', () => {
  it.each(['/realms/demo/*', '/realms/demo/a*b', '/*x', '/realms/demo/(((', '/realms/demo/:a(', '/a/::b'])(
    'returns 404: %s',
    async (path) => {
      const { status } = await fetch(`${target.server}${path}`, { method: 'OPTIONS' })

      expect(status).toBe(404)
    },
  )

  it('does not hide a wrong method on a known path', async () => {
    const { status } = await fetch(`${target.server}/realms/demo/protocol/openid-connect/token`)

    expect(status).toBe(405)
  })
})
