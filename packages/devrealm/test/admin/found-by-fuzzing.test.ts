import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminTarget, openAdmin } from './support.ts'

let target: AdminTarget

beforeAll(async () => {
  target = await openAdmin()
})
afterAll(() => target.close())

describe('a reference to what does not exist', () => {
  it('in a new user is refused, and no user is made', async () => {
    const user = { username: 'lost', groups: ['/nowhere'] }

    expect((await target.send('POST', '/demo/users', user)).status).toBe(400)
    expect((await target.send('GET', '/demo/users?username=lost')).text).toBe('[]')
  })

  it('in a realm is refused, and changes nothing', async () => {
    const answer = await target.send('PUT', '/demo', { browserFlow: 'none', displayName: 'changed' })

    expect([answer.status, answer.text]).toEqual([400, '{"errorMessage":"Failed to update realm"}'])
    expect(JSON.parse((await target.send('GET', '/demo')).text)).toMatchObject({ browserFlow: 'browser' })
  })
})

describe('a path that looks like a pattern', () => {
  it.each(['/realms/demo/*', '/realms/demo/a*b', '/*x', '/realms/demo/(((', '/realms/demo/:a(', '/a/::b'])(
    'leads nowhere: %s',
    async (path) => {
      const { status } = await fetch(`${target.server}${path}`, { method: 'OPTIONS' })

      expect(status).toBe(404)
    },
  )

  it('leaves a wrong method at a right path what it is', async () => {
    const { status } = await fetch(`${target.server}/realms/demo/protocol/openid-connect/token`)

    expect(status).toBe(405)
  })
})
