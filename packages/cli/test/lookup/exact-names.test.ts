import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Some databases treat different letters as equal, so a search may find another object than the named one.

// Each of them starts processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    roles: { realm: [{ name: 'Éditor' }], client: { Boutique: [{ name: 'Vendeur' }] } },
    groups: [{ name: 'Équipe' }],
    clients: [{ clientId: 'Boutique', secret: 'the-live-secret' }],
    users: [{ username: 'alice' }, { username: 'rené', email: 'rené@example.com' }],
  })
  for (const [name, other] of [
    ['rene', 'rené'],
    ['rene@example.com', 'rené@example.com'],
    ['Editor', 'Éditor'],
    ['Equipe', 'Équipe'],
    ['boutique', 'Boutique'],
  ] as const)
    shop.target.proxy.confuse(name, other)
  shop.writes()
})
afterAll(() => shop.target.close())

test.each([
  [['users', 'disable', 'rene'], 'no user rene'],
  [['users', 'get', 'rene@example.com'], 'no user rene@example.com'],
  [['roles', 'grant', 'alice', 'Editor'], 'no role Editor'],
  [['roles', 'members', 'Editor'], 'no role Editor'],
  [['roles', 'grant', 'alice', 'Vendeur', '--client', 'boutique'], 'no client boutique'],
  [['roles', 'list', '--client', 'boutique'], 'no client boutique'],
  [['groups', 'add', 'alice', '/Equipe'], 'no group /Equipe'],
  [['sessions', 'list', '--client', 'boutique'], 'no client boutique'],
  [['secret', 'status', 'boutique'], 'no client boutique'],
])('%j does not use an object with a similar name', async (args, missing) => {
  const { code, stdout, stderr } = await shop.run(...args)
  expect(stderr).toContain(missing)
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(shop.writes()).toEqual([])
})

test('realm plan does not use a user with a similar name', async () => {
  const { realm } = shop
  const file = join(temporaryFolder(), 'realm.json')
  writeFileSync(file, JSON.stringify({ realm, users: [{ username: 'rene', firstName: 'R' }] }))
  const { code, stdout } = await shop.run('realm', 'plan', '--realm', file)
  expect(stdout).toContain('+ user rene\n')
  expect(code).toBe(2)
})
