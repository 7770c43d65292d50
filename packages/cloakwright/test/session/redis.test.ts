import { redisSessionStore } from 'cloakwright/state'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/lib/redis.mjs'
import { connectRedis, hasRedis, type RedisClient } from '../state/support/redis.ts'
import type { Browser } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { closeEngines, publicUrl, setup } from './support/setup.ts'

const page = `${publicUrl}/page`

describe.runIf(hasRedis)('sessions in Redis', () => {
  let provider: TestProvider
  let server: RedisServer
  let client: RedisClient
  beforeEach(async () => {
    provider = await startProvider()
  })
  afterEach(async () => {
    await closeEngines(provider)
    client.destroy()
    await server.stop()
    await provider.close()
  })

  async function signedIn(persistent: boolean): Promise<Browser> {
    server = await startRedis({ persistent })
    client = connectRedis(server.url)
    const replica = setup(provider, { store: redisSessionStore(client) })
    return await replica.signIn()
  }

  it('last over a restart', async () => {
    const browser = await signedIn(true)
    await server.kill()
    await server.start()
    expect((await browser.open(page)).status).toBe(200)
    expect(browser.visited).toEqual([page])
  })

  it('that were lost in a restart end in a new login', async () => {
    const browser = await signedIn(false)
    await server.kill()
    await server.start()
    expect((await browser.open(page)).status).toBe(200)
    expect(browser.visited.some((url) => url.startsWith(provider.issuer))).toBe(true)
  })

  it('are unavailable while it is down, and not ended', async () => {
    const browser = await signedIn(true)
    await server.kill()
    await expect(browser.open(page)).rejects.toMatchObject({ code: 'CW_STATE_UNAVAILABLE', status: 503 })
    await server.start()
    expect((await browser.open(page)).status).toBe(200)
    expect(browser.visited).toEqual([page])
  })
})
