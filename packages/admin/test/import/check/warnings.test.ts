import { readFile } from 'node:fs/promises'
import type { Admin } from '@cloakwright/admin'
import { type ImportedUser, openUserFile } from '@cloakwright/admin/files'
import { type ImportReport, importUsers } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFolder } from '../../support/folder.ts'
import { openTarget, type Target } from '../../support/target.ts'
import { fileOf, jobFiles, makeRealm, person } from '../../support/users.ts'

// Imports into one realm, each of users with names of its own; recorded on Keycloak 26.7.4.

const folder = await openFolder()
let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
  const { client, realm } = admin
  const profile = await client.users.getProfile({ realm })
  const attributes = [
    { name: 'shown', permissions: { view: ['admin'], edit: ['admin'] } },
    { name: 'edited', permissions: { view: [], edit: ['admin'] } },
    { name: 'private', permissions: { view: ['user'], edit: ['user'] } },
    { name: 'phone', required: { roles: ['user'] }, permissions: { view: ['admin'], edit: ['admin'] } },
    { name: 'team', required: { roles: ['user'] }, permissions: { view: ['admin'], edit: ['user'] } },
    { name: 'desk', required: { scopes: ['phone'] }, permissions: { view: ['admin'], edit: ['user'] } },
  ]
  await client.users.updateProfile({
    realm,
    ...profile,
    attributes: [...(profile.attributes ?? []), ...attributes],
  })
})
afterAll(() => target.close())

let used = 0

/** Users with names of their own. */
function people(...changes: readonly Partial<ImportedUser>[]): (at: number) => ImportedUser {
  used += 100
  const from = used
  return (at) => ({ ...person(from + at), ...changes[at] })
}

/** In brief: code, field and rows. */
function brief({ warnings }: ImportReport): string[] {
  return warnings.map(({ code, field, rows }) => `${code}: ${field}: ${rows}`)
}

const team = { attributes: { team: ['blue'], desk: ['1'] } }
const hash = (algorithm?: string, secret: object = { value: 'eA==', salt: 'eA==' }) => ({
  ...team,
  credentials: [
    {
      type: 'password',
      secretData: JSON.stringify(secret),
      credentialData: JSON.stringify({ hashIterations: 1000, ...(algorithm && { algorithm }) }),
    },
  ],
})

describe('an import warns, as its dry run does,', () => {
  test.each<[string, Partial<ImportedUser>[], string[]]>([
    ['of nothing where nothing is lost', [team], []],
    [
      'of attributes that administrators are not shown, per attribute',
      [
        { attributes: { ...team.attributes, costCentre: ['42'], shown: ['a'], edited: ['b'] } },
        { attributes: { ...team.attributes, costCentre: ['43'], private: ['c'] } },
      ],
      ['hidden-attribute: attributes.costCentre: 2', 'hidden-attribute: attributes.private: 1'],
    ],
    [
      'of fields that the realm requires of users who may give them',
      [
        { firstName: '', ...team },
        { email: undefined as never, ...team },
        { attributes: { desk: ['1'] } },
        { attributes: { team: ['red'] } },
      ],
      [
        'missing-field: firstName: 1',
        'missing-field: email: 1',
        'missing-field: attributes.team: 1',
        'missing-field: attributes.desk: 1',
      ],
    ],
    [
      'of password hashes that the server can not check',
      [
        hash('bcrypt'),
        hash('bcrypt'),
        hash(),
        hash('pbkdf2-sha256'),
        hash('pbkdf2-sha256', { value: 'eA==' }),
        {
          ...team,
          credentials: [
            {
              type: 'password',
              hashedSaltedValue: 'eA==',
              salt: 'eA==',
              hashIterations: 1,
              algorithm: 'md5',
            } as never,
          ],
        },
      ],
      [
        'unusable-hash: credentials bcrypt: 2',
        'unusable-hash: credentials without an algorithm: 1',
        'unusable-hash: credentials pbkdf2-sha256 without hash or salt: 1',
        'unusable-hash: credentials md5: 1',
      ],
    ],
    [
      'of credentials that are none of Keycloak’s own, and actions that are off',
      [
        {
          ...team,
          credentials: [{ type: 'smartcard', secretData: '{}', credentialData: '{}' }],
          requiredActions: ['TERMS_AND_CONDITIONS'],
        },
      ],
      [
        'disabled-action: requiredActions TERMS_AND_CONDITIONS: 1',
        'unknown-credential: credentials smartcard: 1',
      ],
    ],
  ])('%s', async (_, changes, warnings) => {
    const file = fileOf(changes.length, people(...changes))
    const dry = await importUsers(admin, file, { ...(await jobFiles()), dryRun: true })
    expect(brief(dry)).toEqual(warnings)
    const report = await importUsers(admin, file, await jobFiles())
    expect(report).toMatchObject({
      created: changes.length,
      rejected: 0,
      reconciled: { missing: 0, differing: 0 },
    })
    expect(report.warnings).toEqual(dry.warnings)
  })

  test('without a value, and with the next step', async () => {
    const file = fileOf(1, people({ attributes: { ...team.attributes, costCentre: ['canary'] } }))
    const { warnings } = await importUsers(admin, file, { ...(await jobFiles()), dryRun: true })
    expect(warnings[0]?.message).toMatch(/user profile does not declare it.*not readable.*Declare it/)
    expect(JSON.stringify(warnings)).not.toContain('canary')
  })

  test('of hashes as unchecked where the account may not read the server’s algorithms', async () => {
    const file = fileOf(2, people(hash('bcrypt'), hash('bcrypt')))
    target.proxy.fail('GET', '/serverinfo', { status: 403, body: '{"error":"HTTP 403 Forbidden"}' })
    const report = await importUsers(admin, file, { ...(await jobFiles()), dryRun: true })
    expect(brief(report)).toEqual(['unchecked: credentials bcrypt: 2'])
  })

  test('not of missing names where the realm does not ask users for them', async () => {
    const { client, realm } = admin
    const action = await client.authenticationManagement.getRequiredActionForAlias({
      alias: 'VERIFY_PROFILE',
    })
    const put = (enabled: boolean) =>
      client.authenticationManagement.updateRequiredAction(
        { realm, alias: 'VERIFY_PROFILE' },
        { ...action, enabled },
      )
    await put(false)
    const report = await importUsers(admin, fileOf(1, people({ firstName: '' })), {
      ...(await jobFiles()),
      dryRun: true,
    })
    await put(true)
    expect(report.warnings).toEqual([])
  })

  test('and not of rows that it rejects', async () => {
    const file = fileOf(1, people({ realmRoles: ['none'], attributes: { costCentre: ['42'] } }))
    const report = await importUsers(admin, file, { ...(await jobFiles()), dryRun: true })
    expect(report).toMatchObject({ rejected: 1, warnings: [] })
  })
})

describe('a row is rejected that names', () => {
  test.each<[string, Partial<ImportedUser>, string]>([
    ['a role', { realmRoles: ['reader', 'none'] }, 'there is no role "none"'],
    ['a client', { clientRoles: { none: ['x'] } }, 'there is no client "none"'],
    ['a client role', { clientRoles: { shop: ['none'] } }, 'the client "shop" has no role "none"'],
    ['a group', { groups: ['/staff/none'] }, 'there is no group "/staff/none"'],
    ['a required action', { requiredActions: ['NONE'] }, 'there is no required action "NONE"'],
    [
      'a user federation',
      { federationLink: 'none' },
      'federationLink: there is no user federation with this id, so Keycloak would hide the user',
    ],
    [
      'an identity provider',
      { federatedIdentities: [{ identityProvider: 'none', userId: '1', userName: 'x' }] },
      'there is no identity provider "none"',
    ],
    [
      'a consent’s client',
      { clientConsents: [{ clientId: 'none' }] },
      'clientConsents[0]: there is no client "none"',
    ],
    [
      'a consent’s scope',
      { clientConsents: [{ clientId: 'account', grantedClientScopes: ['profile', 'none'] }] },
      'clientConsents[0]: there is no client scope "none"',
    ],
  ])('%s that the realm does not have', async (_, change, reason) => {
    const files = await jobFiles()
    const report = await importUsers(admin, fileOf(1, people(change), 'keycloak'), { ...files, dryRun: true })
    expect(report.rejected).toBe(1)
    expect(JSON.parse(await readFile(files.rejected, 'utf8'))).toMatchObject({ reason })
  })
})

describe('an export of another realm', () => {
  const roles = (username: string) => ({ username, realmRoles: ['default-roles-staging'] })
  const defaultRole = { name: 'everybody-of-staging' }
  test.each<[string, string, object]>([
    ['by its usual name', 'usual.json', { realm: 'staging', users: [roles('usual-1'), roles('usual-2')] }],
    [
      'by the name that the export gives it',
      'renamed.json',
      {
        realm: 'staging',
        defaultRole,
        users: ['renamed-1', 'renamed-2'].map((username) => ({ username, realmRoles: [defaultRole.name] })),
      },
    ],
    ['in a bare list', 'bare.json', [roles('bare-1'), roles('bare-2')]],
  ])('has the default role of this one: %s', async (_, name, content) => {
    const file = await openUserFile(await folder.write(name, JSON.stringify(content)))
    const report = await importUsers(admin, file, await jobFiles())
    expect(report).toMatchObject({ created: 2, rejected: 0, reconciled: { missing: 0, differing: 0 } })
    expect(report.warnings.find(({ code }) => code === 'default-role')).toMatchObject({
      rows: 2,
      message: expect.stringContaining(`"default-roles-${admin.realm}"`),
    })
    const { client, realm } = admin
    const [user] = await client.users.find({ username: `${name.split('.')[0]}-1`, exact: true })
    const given = await client.users.listRealmRoleMappings({ realm, id: user?.id ?? '' })
    expect(given.map((role) => role.name)).toEqual([`default-roles-${realm}`])
    expect(await client.roles.find({ realm, search: 'staging' })).toEqual([])
  })
})
