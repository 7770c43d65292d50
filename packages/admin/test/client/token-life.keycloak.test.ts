import { type Admin, grantRoles } from '@cloakwright/admin'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTarget, type Target } from '../support/target.ts'

let target: Target

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Half an hour at the minute that Keycloak gives a token of an administrator is 30 lives. */
const lives = 31
/** Seconds. */
const lifespan = 2

test('a run through many lives of its token finishes without an error', async () => {
  const realm = target.realmName()
  const owner = target.admin({ realm })
  const secret = 'service-account-secret'
  await owner.client.realms.create({ realm, enabled: true, accessTokenLifespan: lifespan })
  await openOperator(owner, secret)
  const operator = target.admin({ realm, credentials: { clientId: 'operator', clientSecret: () => secret } })
  target.proxy.reset()

  const until = performance.now() + lives * lifespan * 0.75 * 1000
  let requests = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      await operator.client.users.find({ max: 1 })
      requests += 1
      // What is paused between two requests lets tokens grow old within a request as well.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))

  expect(requests).toBeGreaterThan(lives * 8)
  // Renewed after three quarters of its life: once a life, however many requests wait for it.
  expect(target.proxy.tokens()).toBeGreaterThan(lives * 0.8)
  expect(target.proxy.tokens()).toBeLessThanOrEqual(lives + 2)
}, 120_000)

async function openOperator(owner: Admin, secret: string): Promise<void> {
  const { client } = owner
  const { id } = await client.clients.create({
    clientId: 'operator',
    secret,
    publicClient: false,
    serviceAccountsEnabled: true,
  })
  const account = await client.clients.getServiceAccountUser({ id })
  await grantRoles(owner, { id: account.id ?? '' }, { client: { 'realm-management': ['view-users'] } })
}
