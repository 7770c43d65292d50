import type { Admin } from '@cloakwright/admin'
import { importUsers } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { caught } from '../../support/caught.ts'
import { openTarget, type Target } from '../../support/target.ts'
import { fileOf, jobFiles, makeRealm, person } from '../../support/users.ts'

// What a dry run says of the rights of service accounts with some roles of realm-management.

let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
})
afterAll(() => target.close())

/** A service account with these roles. */
async function operatorWith(roles: readonly string[]): Promise<Admin> {
  const { client, realm } = admin
  const clientId = ['operator', ...roles].join('-')
  const credentials = { clientId, clientSecret: 'the-secret' }
  const { id } = await client.clients.create({
    realm,
    clientId,
    secret: 'the-secret',
    serviceAccountsEnabled: true,
  })
  const account = await client.clients.getServiceAccountUser({ realm, id })
  const [management] = await client.clients.find({ realm, clientId: 'realm-management' })
  const clientUniqueId = management?.id ?? ''
  const all = await client.clients.listRoles({ realm, id: clientUniqueId })
  const given = all.flatMap(({ id: roleId = '', name = '' }) =>
    roles.includes(name) ? [{ id: roleId, name }] : [],
  )
  await client.users.addClientRoleMappings({ realm, id: account.id ?? '', clientUniqueId, roles: given })
  return target.admin({ realm, credentials })
}

const buyer = fileOf(1, () => ({ ...person(0), clientRoles: { shop: ['buyer'] } }))
const consenting = fileOf(1, () => ({ ...person(0), clientConsents: [{ clientId: 'shop' }] }))

test.each([
  [['view-realm', 'view-users'], buyer, 'it lacks manage-realm and manage-users of realm-management'],
  [['manage-realm', 'view-users'], buyer, 'it lacks manage-users of realm-management'],
  [['view-realm', 'manage-users'], buyer, 'it lacks manage-realm of realm-management'],
  [['manage-realm', 'manage-users'], buyer, 'it lacks view-clients of realm-management'],
  [['manage-realm', 'manage-users', 'query-groups'], consenting, 'it lacks view-clients of realm-management'],
])('names the roles that an account with %j lacks', async (roles, file, reason) => {
  const operator = await operatorWith(roles)
  const error = await caught(importUsers(operator, file, { ...(await jobFiles()), dryRun: true }))
  expect(error.code).toBe('CW_ADMIN_FORBIDDEN')
  expect(error.message).toContain(reason)
  expect(error.hint).toContain('manage-realm and manage-users, and view-clients where rows name clients')
})

test('an account with all of them may, also of a realm whose user names are addresses, and nothing is written', async () => {
  const { client, realm } = admin
  await client.realms.update({ realm }, { registrationEmailAsUsername: true })
  const operator = await operatorWith(['manage-realm', 'manage-users', 'view-clients'])
  const report = await importUsers(operator, buyer, { ...(await jobFiles()), dryRun: true })
  expect(report).toMatchObject({ created: 1, rejected: 0 })
  expect(await client.users.count({ realm })).toBe(0)
})

test('an account without view-clients may import what names no client', async () => {
  const operator = await operatorWith(['manage-users', 'manage-realm'])
  const report = await importUsers(operator, fileOf(1, person), { ...(await jobFiles()), dryRun: true })
  expect(report).toMatchObject({ created: 1, rejected: 0 })
})

test('a realm that does not exist is named', async () => {
  const nowhere = target.admin({ realm: 'not-there' })
  const error = await caught(importUsers(nowhere, fileOf(1, person), { ...(await jobFiles()), dryRun: true }))
  expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
  expect(error.message).toContain('not-there')
})
