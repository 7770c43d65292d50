import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOnTerminal, startCli } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

let shop: Shop

beforeAll(async () => {
  shop = await openShop({ users: [{ username: 'alice', email: 'alice@example.com' }] })
})
afterAll(() => shop.target.close())

describe.skipIf(process.platform !== 'linux')('on a terminal', () => {
  const bold = '\u001B[1m'

  test.each<[string, NodeJS.ProcessEnv, boolean]>([
    ['with colours', {}, true],
    ['without, by NO_COLOR', { NO_COLOR: '1' }, false],
    ['without, by FORCE_COLOR=0', { FORCE_COLOR: '0' }, false],
    ['without, where it has none', { TERM: 'dumb' }, false],
    ['without, whatever forces them', { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('a list is a table, %s', async (_, variables, isColored) => {
    const { code, output } = await runOnTerminal(['users', 'list'], { ...shop.variables, ...variables })
    expect(output).toMatch(/│ .*user name.*│[^]*│ alice +│ alice@example\.com │ yes/)
    expect(output.includes(bold)).toBe(isColored)
    expect(code).toBe(0)
  })

  test('an object is printed with one member per line', async () => {
    const { output } = await runOnTerminal(['users', 'get', 'alice'], shop.variables)
    expect(output).toMatch(/^username +alice\r?$/m)
    expect(output).toMatch(/^email +alice@example\.com\r?$/m)
  })
})

test('a closed pipe ends the program without an error', async () => {
  const program = startCli(['users', 'list'], shop.variables)
  program.child.stdout?.destroy()
  expect(await program.ended).toBe(0)
  expect(program.stderr()).toBe('')
})
