import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DevRealm } from '../../src/index.ts'
import { Browser, openDemo } from '../support.ts'

let devRealm: DevRealm
let browser: Browser
beforeAll(async () => {
  devRealm = await openDemo()
  browser = new Browser(devRealm)
})
afterAll(() => devRealm.close())

const userinfo = '/realms/demo/protocol/openid-connect/userinfo'
const statusOf = async (token: string, host = 'localhost:8080'): Promise<number> =>
  (await browser.send(userinfo, undefined, { authorization: `Bearer ${token}`, host })).status

// A token's signature is checked once.
describe('an access token that was accepted before', () => {
  it('is refused under another issuer', async () => {
    const token = (await browser.password()).json()['access_token'] ?? ''
    expect(await statusOf(token)).toBe(200)
    expect(await statusOf(token, '127.0.0.1:8080')).toBe(401)
    expect(await statusOf(token)).toBe(200)
  })

  it('is refused with any other signature', async () => {
    const token = (await browser.password()).json()['access_token'] ?? ''
    expect(await statusOf(token)).toBe(200)
    const at = token.length - 20
    const other = token[at] === 'A' ? 'B' : 'A'
    expect(await statusOf(token.slice(0, at) + other + token.slice(at + 1))).toBe(401)
  })

  it('is refused once its session has ended', async () => {
    const tokens = (await browser.password()).json()
    expect(await statusOf(tokens['access_token'] ?? '')).toBe(200)
    await browser.send('/realms/demo/protocol/openid-connect/logout', {
      client_id: 'app',
      client_secret: 'app-secret',
      refresh_token: tokens['refresh_token'] ?? '',
    })
    expect(await statusOf(tokens['access_token'] ?? '')).toBe(401)
  })
})
