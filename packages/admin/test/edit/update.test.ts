import {
  ensureUser,
  findUser,
  updateClient,
  updateGroup,
  updateRealm,
  updateRole,
  updateUser,
} from '@cloakwright/admin'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught, everything } from '../support/caught.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let of: TaskRealm

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
})
beforeEach(() => {
  target.proxy.reset()
  of.recorded()
})
afterAll(() => target.close())

const alice = {
  username: 'alice',
  email: 'alice@example.org',
  firstName: 'Alice',
  lastName: 'Liddell',
  attributes: { team: ['red'], level: ['junior'] },
}
const mask = '**********'

describe('an update of a user', () => {
  beforeEach(async () => {
    await of.admin.client.users.create({ ...alice, enabled: true })
  })
  afterEach(async () => {
    const { id } = (await findUser(of.admin, 'alice')) ?? {}
    if (id !== undefined) await of.admin.client.users.del({ id })
  })

  test('merges attributes by key, and keeps names and address', async () => {
    const changes = await updateUser(of.admin, 'Alice', {
      attributes: { team: 'blue', level: null, desk: ['4', '2'], absent: undefined },
    })

    expect(await findUser(of.admin, 'alice')).toMatchObject({
      ...alice,
      enabled: true,
      attributes: { team: ['blue'], desk: expect.arrayContaining(['2', '4']) },
    })
    expect((await findUser(of.admin, 'alice'))?.attributes).not.toHaveProperty('level')
    expect(changes).toMatchObject([
      {
        action: 'update',
        kind: 'user',
        name: 'alice',
        fields: ['attributes.team', 'attributes.level', 'attributes.desk'],
        before: { 'attributes.team': ['red'], 'attributes.level': ['junior'], 'attributes.desk': null },
        after: { 'attributes.team': ['blue'], 'attributes.level': null, 'attributes.desk': ['4', '2'] },
      },
    ])
    expect(of.recorded()).toEqual(changes)
  })

  test.each([
    ['nothing', {}],
    ['what is so already', { firstName: 'Alice', email: 'ALICE@example.org', attributes: { team: ['red'] } }],
    ['only what is undefined', { firstName: undefined, attributes: undefined }],
    ['what is removed already', { attributes: { desk: null }, requiredActions: null }],
  ])('with %s writes nothing', async (_what, edit) => {
    expect(await updateUser(of.admin, 'alice', edit)).toEqual([])
    expect(target.proxy.count('PUT')).toBe(0)
  })

  test('clears a field by null only', async () => {
    await updateUser(of.admin, 'alice', { firstName: null })
    expect(await findUser(of.admin, 'alice')).not.toHaveProperty('firstName')

    await updateUser(of.admin, 'alice', { email: null, attributes: null })
    const user = await findUser(of.admin, 'alice')
    expect(user).toMatchObject({ username: 'alice', lastName: 'Liddell' })
    expect([user?.email, user?.attributes]).toEqual([undefined, undefined])

    const error = await caught(updateUser(of.admin, 'alice', { enabled: null }))
    expect(error.message).toBe('The field enabled cannot be set to null')
  })

  test('can be a function of the current object, and twenty concurrent ones all take effect', async () => {
    const { id = '' } = (await findUser(of.admin, 'alice')) ?? {}
    const other = target.admin({ realm: of.realm })

    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        updateUser(
          index % 2 === 0 ? of.admin : other,
          index % 3 === 0 ? 'alice' : { id },
          ({ attributes }) => ({
            attributes: {
              count: [String(Number(attributes?.['count']?.[0] ?? 0) + 1)],
              [`key-${index}`]: ['set'],
            },
          }),
        ),
      ),
    )

    const { attributes } = (await findUser(of.admin, 'alice')) ?? {}
    expect(attributes).toMatchObject({ team: ['red'], level: ['junior'], count: ['20'] })
    expect(Object.keys(attributes ?? {}).filter((key) => key.startsWith('key-'))).toHaveLength(20)
  })

  test('continues after one that failed', async () => {
    const refused = updateUser(of.admin, 'alice', { email: 'no address' })
    const next = updateUser(of.admin, 'alice', { lastName: 'Hargreaves' })

    expect((await caught(refused)).code).toBe('CW_ADMIN_REFUSED')
    expect(await next).toHaveLength(1)
  })

  test('with basedOn writes only the edited fields', async () => {
    const basedOn = (await findUser(of.admin, 'alice')) ?? {}
    await updateUser(of.admin, 'alice', { firstName: 'Alicia', attributes: { level: ['senior'] } })

    const edited = {
      ...basedOn,
      lastName: 'Hargreaves',
      attributes: { ...basedOn.attributes, team: ['blue'] },
    }
    const changes = await updateUser(of.admin, 'alice', edited, { basedOn })

    expect(changes[0]?.fields.toSorted()).toEqual(['attributes.team', 'lastName'])
    expect(await findUser(of.admin, 'alice')).toMatchObject({
      firstName: 'Alicia',
      lastName: 'Hargreaves',
      attributes: { team: ['blue'], level: ['senior'] },
    })
  })

  test('is refused if someone else changed the same fields, and names them', async () => {
    const basedOn = (await findUser(of.admin, 'alice')) ?? {}
    await updateUser(of.admin, 'alice', { lastName: 'canary-name', attributes: { team: ['canary-team'] } })
    target.proxy.reset()

    const edit = { lastName: 'Hargreaves', attributes: { team: ['blue'], level: ['senior'] } }
    const error = await caught(updateUser(of.admin, 'alice', edit, { basedOn }))

    expect(error).toMatchObject({ code: 'CW_ADMIN_CHANGED', status: 409 })
    expect(error.message).toBe(
      'Someone else changed lastName, attributes.team of alice after it was read; nothing was written',
    )
    expect(everything(error)).not.toMatch(/canary|Hargreaves|blue/)
    expect(target.proxy.count('PUT')).toBe(0)
  })

  test('is not refused if someone else made the same change', async () => {
    const basedOn = (await findUser(of.admin, 'alice')) ?? {}
    await updateUser(of.admin, 'alice', { lastName: 'Hargreaves' })

    expect(await updateUser(of.admin, 'alice', { lastName: 'Hargreaves' }, { basedOn })).toEqual([])
  })

  test('is an error where there is no such user', async () => {
    for (const user of ['nobody', { id: 'nobody' }]) {
      const error = await caught(updateUser(of.admin, user, { firstName: 'No' }))
      expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
    }
  })

  test('never shows a password among the changes', async () => {
    const credentials = [{ type: 'password', value: 'canary-password', temporary: false }]

    const changes = await updateUser(of.admin, 'alice', { credentials, attributes: { password: ['canary'] } })

    expect(changes[0]?.fields).toEqual(['credentials', 'attributes.password'])
    expect(JSON.stringify([changes, of.recorded()])).not.toContain('canary')
  })
})

test('an update that Keycloak saves in part is an error, and the saved part is recorded', async () => {
  const realm = target.realmName()
  const seen: unknown[] = []
  const admin = target.admin({ realm, recorder: { record: async (changes) => void seen.push(...changes) } })
  await admin.client.realms.create({ realm, enabled: true })
  await ensureUser(admin, { username: 'alice' })

  const edit = { firstName: 'Alice', attributes: { undeclared: ['x'] }, requiredActions: ['NO_SUCH_ACTION'] }
  const error = await caught(updateUser(admin, 'alice', edit))

  expect(error.code).toBe('CW_ADMIN_REFUSED')
  expect(error.message).toBe('Keycloak did not save attributes.undeclared, requiredActions of user alice')
  expect(seen).toMatchObject([{ action: 'create' }, { fields: ['firstName'] }])
})

test('an update of a group merges attributes and keeps the description', async () => {
  await updateGroup(of.admin, '/guests', {
    description: 'Visitors',
    attributes: { floor: ['1'], door: ['a'] },
  })

  expect(await updateGroup(of.admin, '/guests', { attributes: { floor: '2' } })).toMatchObject([
    { kind: 'group', name: '/guests', fields: ['attributes.floor'] },
  ])
  expect(await updateGroup(of.admin, '/guests', { attributes: { floor: ['2'], door: undefined } })).toEqual(
    [],
  )
  const [{ id = '' } = {}] = await of.admin.client.groups.find({ search: 'guests' })
  expect(await of.admin.client.groups.findOne({ id })).toMatchObject({
    description: 'Visitors',
    attributes: { floor: ['2'], door: ['a'] },
  })
  await updateGroup(of.admin, '/guests', { description: null, attributes: { door: null } })
  const { description, attributes } = (await of.admin.client.groups.findOne({ id })) ?? {}
  expect([description ?? '', attributes]).toEqual(['', { floor: ['2'] }])
  expect(await updateGroup(of.admin, '/guests', { description: null })).toEqual([])
})

test.each([{ name: 'auditor' }, { name: 'editor', client: 'shop-api' }])(
  'an update of a role merges attributes and keeps the description: $name',
  async (role) => {
    await updateRole(of.admin, role, { description: 'Looks', attributes: { area: ['a'], year: ['1'] } })

    await updateRole(of.admin, role, { attributes: { area: ['b'] } })
    await updateRole(of.admin, role, { attributes: { year: null } })

    const basedOn = { description: 'Something else' }
    const error = await caught(updateRole(of.admin, role, { description: 'Sees' }, { basedOn }))
    expect(error.code).toBe('CW_ADMIN_CHANGED')
    const { roles, clients } = of.admin.client
    const [{ id = '' } = {}] = await clients.find({ clientId: 'shop-api' })
    const now = role.client
      ? await clients.findRole({ id, roleName: role.name })
      : await roles.findOneByName({ name: role.name })
    expect(now).toMatchObject({ description: 'Looks', attributes: { area: ['b'] } })
    expect(now?.attributes).not.toHaveProperty('year')
  },
)

describe('an update of a client', () => {
  const client = async () => (await of.admin.client.clients.find({ clientId: 'shop-api' }))[0] ?? {}
  const secret = async () =>
    (await of.admin.client.clients.getClientSecret({ id: (await client()).id ?? '' })).value

  test('merges attributes, and leaves the secret and all other fields unchanged', async () => {
    await updateClient(of.admin, 'shop-api', { attributes: { one: '1', two: '2' }, description: 'The shop' })
    const before = await client()

    await updateClient(of.admin, 'shop-api', { attributes: { one: '11', two: null } })

    expect((await client()).attributes).toMatchObject({ one: '11' })
    expect((await client()).attributes).not.toHaveProperty('two')
    expect(await client()).toEqual({ ...before, attributes: (await client()).attributes })
    expect(await secret()).toBe('the-live-secret')
  })

  test('never writes the mask that Keycloak shows instead of a secret', async () => {
    const edited = { ...(await client()), secret: mask, name: 'Shop' }

    expect((await updateClient(of.admin, 'shop-api', edited))[0]?.fields).toEqual(['name'])
    expect(await updateClient(of.admin, 'shop-api', { secret: mask })).toEqual([])
    expect(await secret()).toBe('the-live-secret')
  })

  test('may set a secret, which is among the changes by name only', async () => {
    const changes = await updateClient(of.admin, 'shop-api', { secret: 'canary-secret' })

    expect(changes).toMatchObject([{ kind: 'client', name: 'shop-api', fields: ['secret'] }])
    expect(JSON.stringify([changes, of.recorded()])).not.toMatch(/canary|live/)
    expect(await secret()).toBe('canary-secret')
    await updateClient(of.admin, 'shop-api', { secret: 'the-live-secret' })
  })

  test('is refused if someone else changed it, and for an unknown client', async () => {
    const basedOn = await client()
    await updateClient(of.admin, 'shop-api', { redirectUris: ['https://shop.example/new'] })

    const edit = { redirectUris: [...(basedOn.redirectUris ?? []), 'https://shop.example/mine'] }
    expect((await caught(updateClient(of.admin, 'shop-api', edit, { basedOn }))).message).toBe(
      'Someone else changed redirectUris of shop-api after it was read; nothing was written',
    )
    expect((await caught(updateClient(of.admin, 'nothing', {}))).code).toBe('CW_ADMIN_NOT_FOUND')
  })
})

describe('an update of the realm', () => {
  const realm = async () => (await of.admin.client.realms.findOne({ realm: of.realm })) ?? {}

  test('merges attributes, and keeps the policy for one-time passwords', async () => {
    const { otpPolicyPeriod } = await realm()
    await updateRealm(of.admin, { attributes: { one: '1', two: '2' }, displayName: 'Shop' })

    const changes = await updateRealm(of.admin, { attributes: { one: null }, otpPolicyDigits: 8 })

    expect(changes).toMatchObject([
      { kind: 'realm', name: of.realm, fields: ['attributes.one', 'otpPolicyDigits'] },
    ])
    expect(await realm()).toMatchObject({
      displayName: 'Shop',
      attributes: { two: '2' },
      otpPolicyDigits: 8,
      otpPolicyPeriod,
    })
    expect((await realm()).attributes).not.toHaveProperty('one')
  })

  test("keeps its mail server's password, and never shows it", async () => {
    const smtpServer = { host: 'mail.example', from: 'a@example.org', auth: 'true', user: 'u' }
    await updateRealm(of.admin, { smtpServer: { ...smtpServer, password: 'canary' } })

    const changes = await updateRealm(of.admin, { smtpServer: { from: 'shop@example.org', password: mask } })

    expect(changes[0]?.fields).toEqual(['smtpServer.from'])
    expect((await realm()).smtpServer).toMatchObject({ host: 'mail.example', from: 'shop@example.org' })
    // Recorded with a mail server that asks for it: the mask that goes back keeps the password.
    expect((await realm()).smtpServer?.['password']).toBe(mask)
    expect(JSON.stringify(of.recorded())).not.toContain('canary')
  })
})
