import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Browser } from '../session/support/browser.ts'
import { openPostgres } from '../state/support/databases.ts'
import { hasRedis, openRedis } from '../state/support/redis.ts'
import { errorsOf } from '../support/compiler.ts'
import {
  blocksOf,
  type Folder,
  form,
  freeUrl,
  type GuideRealms,
  openFolder,
  openRealms,
  openSignedIn,
  type Program,
  projectOf,
  start,
} from './support/programs.ts'

const blocks = blocksOf('sessions-in-production.md')
const keys = ['k1', 'k2'].map((id, index) => `${id}:${Buffer.alloc(32, index + 1).toString('base64')}`)

const stores = [
  { name: 'PostgreSQL', driver: "'pg'", runs: process.env['DATABASE_URL'] !== undefined, open: openPostgres },
  { name: 'Redis', driver: "'redis'", runs: hasRedis, open: openRedis },
] as const

/** The files of the guide, with one of its two stores. */
function write(folder: Folder, driver: string): void {
  for (const { file, code } of blocks)
    if (file !== undefined && (file !== 'store.ts' || code.includes(driver))) folder.write(file, code)
}

test.each(stores)('the code for $name compiles', ({ driver }) => {
  const folder = openFolder()
  try {
    write(folder, driver)
    folder.write('tsconfig.json', projectOf({}, '../../../tsconfig.tests.json'))
    expect(errorsOf(folder.path)).toBe('')
  } finally {
    folder.remove()
  }
})

describe.each(stores.filter(({ runs }) => runs))(
  'two replicas with sessions in $name',
  ({ name, driver, open }) => {
    let folder: Folder
    let realms: GuideRealms
    let opened: Awaited<ReturnType<typeof open>>
    let replicas: { readonly origin: string; readonly program: Program }[]
    beforeAll(async () => {
      folder = openFolder()
      write(folder, driver)
      ;[realms, opened] = await Promise.all([openRealms(), open()])
      const origins = [await freeUrl(), await freeUrl()]
      const shared = {
        ...(await realms.add(origins[0] as string)),
        [name === 'Redis' ? 'REDIS_URL' : 'DATABASE_URL']: opened.url.href,
      }
      // In the middle of a rotation: the second replica already has the next list of keys.
      const lists = [keys, keys.toReversed()]
      replicas = await Promise.all(
        origins.map(async (origin, index) => {
          const variables = { SESSION_KEYS: lists[index]?.join(',') ?? '', PORT: new URL(origin).port }
          return { origin, program: await start(folder, 'app.ts', { ...shared, ...variables }, origin) }
        }),
      )
    })
    afterAll(async () => {
      for (const { program } of replicas) await program.stop()
      await opened.close()
      await realms.close()
      folder.remove()
    })

    const statusesOf = async (browser: Browser): Promise<number[]> => {
      const responses = replicas.map(({ origin }) => browser.send(`${origin}/account`))
      return (await Promise.all(responses)).map(({ status }) => status)
    }

    test('share the session, and its end', async () => {
      const origin = replicas[0]?.origin ?? ''
      const { browser, response } = await openSignedIn(`${origin}/account`, 'alice')
      expect(await response.json()).toEqual({ hello: 'alice' })
      expect(await statusesOf(browser)).toEqual([200, 200])
      const cookies = new Map(browser.jar.get('localhost'))
      expect((await browser.send(`${origin}/auth/logout`, form)).status).toBe(303)
      browser.jar.set('localhost', cookies)
      await vi.waitFor(async () => expect(await statusesOf(browser)).toEqual([401, 401]), 1000)
    })

    test('end when they are asked to, with nothing left open', async () => {
      expect(await Promise.all(replicas.map(({ program }) => program.end()))).toEqual([0, 0])
    })
  },
)
