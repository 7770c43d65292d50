import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json } from '../src/expect.ts'
import { openRealm } from '../src/realm.ts'

// What a PUT ignores, merges or resets, always with 204.

const realm = await openRealm()
afterAll(() => realm.close())

const get = async (path: string) => (await realm.api(path)).json() as Record<string, unknown>
const put = (path: string, body: unknown) => realm.api(path, { method: 'PUT', json: body })
const create = async (path: string, body: unknown) =>
  (await realm.api(path, { json: body })).headers.get('location')?.split('/').pop() ?? ''

const done = empty(204)

describe('PUT of a realm', () => {
  const change = async (body: object) => {
    expect(answerOf(await put('', body))).toEqual(done)
    return await get('')
  }

  it('resets the device grant, pushed requests and CIBA when the body lacks them', async () => {
    const attributes = { cibaExpiresIn: '130', parRequestUriLifespan: '70', one: '1' }
    const given = { oauth2DeviceCodeLifespan: 700, oauth2DevicePollingInterval: 7, attributes }
    expect(await change(given)).toMatchObject(given)
    expect(await change({ displayName: 'Shop' })).toMatchObject({
      oauth2DeviceCodeLifespan: 600,
      oauth2DevicePollingInterval: 5,
      attributes: {
        cibaExpiresIn: '120',
        parRequestUriLifespan: '60',
        oauth2DeviceCodeLifespan: '600',
        one: '1',
      },
    })
    expect((await change({ attributes: { two: '2' } }))['attributes']).not.toHaveProperty('one')
  })

  it('replaces the whole WebAuthn policy if the body has its relying party', async () => {
    const policy = { webAuthnPolicyRpEntityName: 'Shop', webAuthnPolicyCreateTimeout: 9 }
    expect(await change({ webAuthnPolicyCreateTimeout: 9 })).toMatchObject({ webAuthnPolicyCreateTimeout: 0 })
    expect(await change({ ...policy, webAuthnPolicyExtraOrigins: ['https://shop.example'] })).toMatchObject({
      ...policy,
      webAuthnPolicyExtraOrigins: ['https://shop.example'],
      webAuthnPolicyPasswordlessRpEntityName: 'keycloak',
    })
    expect(await change({ webAuthnPolicyRpEntityName: 'Else' })).toMatchObject({
      webAuthnPolicyRpEntityName: 'Else',
      webAuthnPolicyCreateTimeout: 0,
      webAuthnPolicyExtraOrigins: [],
    })
  })

  it('merges the browser security headers', async () => {
    const { browserSecurityHeaders } = await change({ browserSecurityHeaders: { xFrameOptions: 'DENY' } })
    expect(browserSecurityHeaders).toMatchObject({ xFrameOptions: 'DENY', xContentTypeOptions: 'nosniff' })
  })

  it('sets the default groups by their paths', async () => {
    await create('/groups', { name: 'guests' })
    expect(await change({ defaultGroups: ['/guests', 'guests'] })).toMatchObject({
      defaultGroups: ['/guests'],
    })
    expect(await change({ displayName: 'Shop' })).toMatchObject({ defaultGroups: ['/guests'] })
    expect(await change({ defaultGroups: [] })).not.toHaveProperty('defaultGroups')
    expect((await put('', { defaultGroups: ['/none'] })).status).toBeGreaterThanOrEqual(400)
  })

  it('shows client session limits as attributes too, and removes them with the attributes', async () => {
    expect(await change({ clientSessionIdleTimeout: 80 })).toMatchObject({
      clientSessionIdleTimeout: 80,
      attributes: { clientSessionIdleTimeout: '80' },
    })
    expect(await change({ attributes: { one: '1' } })).toMatchObject({ clientSessionIdleTimeout: 0 })
  })

  it('ignores what has its own endpoint or is derived', async () => {
    const { otpSupportedApplications } = await get('')
    const contents = {
      otpSupportedApplications: ['x'],
      users: [{ username: 'zed' }],
      roles: { realm: [{ name: 'zed' }] },
      clientScopes: [{ name: 'zed', protocol: 'openid-connect' }],
    }
    expect(await change(contents)).toMatchObject({ otpSupportedApplications })
    expect(await get('/users?username=zed')).toEqual([])
    expect((await realm.api('/roles/zed')).status).toBe(404)
  })
})

describe('PUT of a client', () => {
  it('keeps the ids of mappers with the same name and removes the other mappers', async () => {
    const mapper = (name: string, value: string) => ({
      name,
      protocol: 'openid-connect',
      protocolMapper: 'oidc-hardcoded-claim-mapper',
      config: { 'claim.name': name, 'claim.value': value },
    })
    const path = `/clients/${await create('/clients', { clientId: 'mapped', protocolMappers: [mapper('a', '1'), mapper('b', '1')] })}`
    const before = (await get(path))['protocolMappers'] as { id: string; name: string }[]
    const a = before.find(({ name }) => name === 'a')
    await put(path, { protocolMappers: [mapper('a', '2')] })
    expect((await get(path))['protocolMappers']).toEqual([{ ...a, ...mapper('a', '2') }])
    await put(path, { protocolMappers: [] })
    expect(await get(path)).not.toHaveProperty('protocolMappers')
  })

  it('merges flow overrides; an empty value removes one', async () => {
    const flow = await create('/authentication/flows', {
      alias: 'own',
      providerId: 'basic-flow',
      topLevel: true,
    })
    const path = `/clients/${await create('/clients', { clientId: 'flows' })}`
    const change = async (flows: object) => {
      await put(path, { authenticationFlowBindingOverrides: flows })
      return (await get(path))['authenticationFlowBindingOverrides']
    }
    expect(await change({ browser: flow })).toEqual({ browser: flow })
    expect(await change({ direct_grant: flow })).toEqual({ browser: flow, direct_grant: flow })
    expect(await change({ browser: '' })).toEqual({ direct_grant: flow })
    expect(await change({})).toEqual({ direct_grant: flow })
    expect(await change({ browser: 'none' })).toEqual({ direct_grant: flow })
  })

  it('adds registered nodes and never removes any', async () => {
    const path = `/clients/${await create('/clients', { clientId: 'nodes', registeredNodes: { one: 1 } })}`
    await put(path, { registeredNodes: { two: 2 } })
    expect((await get(path))['registeredNodes']).toEqual({ one: 1, two: 2 })
  })
})

it('PUT of a group with another id is rejected', async () => {
  const id = await create('/groups', { name: 'own-id' })
  expect(answerOf(await put(`/groups/${id}`, { id, name: 'own-id' }))).toEqual(done)
  expect(answerOf(await put(`/groups/${id}`, { id: 'x', name: 'own-id' }))).toEqual(
    json(400, { errorMessage: 'Invalid group id' }),
  )
})

it('PUT of a user ignores the user name if the realm uses the e-mail address as user name', async () => {
  const user = { email: 'eve@example.org', firstName: 'Eve', lastName: 'E', enabled: true }
  await put('', { registrationEmailAsUsername: true })
  const path = `/users/${await create('/users', user)}`
  expect(answerOf(await put(path, { username: 'eve' }))).toEqual(done)
  expect(await get(path)).toMatchObject({ username: 'eve@example.org' })
  await put(path, { email: 'Eva@example.org' })
  expect(await get(path)).toMatchObject({ username: 'eva@example.org', email: 'eva@example.org' })
  expect(answerOf(await put(path, { email: '' }))).toEqual(
    json(400, { errorMessage: 'User name is missing' }),
  )
  await put('', { registrationEmailAsUsername: false })
})
