import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startCli, temporaryFolder } from '../../support/program.ts'
import { openShop, type Shop } from '../../support/shop.ts'

// Each of them starts many processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({ adminEventsEnabled: true })
})
afterAll(() => shop.target.close())

interface Event {
  readonly operationType: string
  readonly resourcePath: string
}

const events = (stdout: string) =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event)

test('follow resumes at the cursor, prints each event once, and exits with 0 on Ctrl+C', async () => {
  const cursor = join(temporaryFolder(), 'cursor')
  const once = ['events', 'follow', '--once', '--cursor', cursor]
  await shop.print('roles', 'create', 'first')
  const first = events(await shop.print(...once))
  expect(first.some(({ resourcePath }) => resourcePath.includes('first'))).toBe(true)
  expect(statSync(cursor).mode & 0o777).toBe(0o600)
  expect(events(await shop.print(...once))).toEqual([])

  const program = startCli(['events', 'follow', '--cursor', cursor, '--interval', '0'], shop.variables)
  await shop.print('roles', 'create', 'second')
  await program.printed(/second/)
  program.child.kill('SIGINT')
  expect(await program.ended).toBe(0)
  expect(events(program.stdout()).filter(({ resourcePath }) => resourcePath.includes('first'))).toEqual([])
  expect(readFileSync(cursor, 'utf8')).not.toBe('')
})

test.each<[string, string[], RegExp, number]>([
  ['an invalid time', ['--from', 'tomorrow'], /tomorrow is not a time/, 2],
  ['a cursor that is a folder', ['--cursor', '/'], /--cursor: could not use \/.*CW_CONFIG_INVALID/, 1],
])('follow refuses %s', async (_, options, reason, ended) => {
  const { code, stderr } = await shop.run('events', 'follow', '--once', ...options)
  expect(stderr).toMatch(reason)
  expect(code).toBe(ended)
})
