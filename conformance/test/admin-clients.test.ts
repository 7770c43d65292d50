import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json, oauthError } from '../src/expect.ts'
import { type Reply, send } from '../src/http.ts'
import { appSecret, openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const post = (path: string, body: unknown) => realm.api(path, { json: body })
const put = (path: string, body: unknown) => realm.api(path, { method: 'PUT', json: body })
const remove = (path: string) => realm.api(path, { method: 'DELETE' })
const get = async (path: string) => (await realm.api(path)).json()
const idOf = (reply: Reply) => reply.headers.get('location')?.split('/').pop() ?? ''
const create = async (clientId: string, more = {}) => idOf(await post('/clients', { clientId, ...more }))
const missing = json(404, { error: 'Could not find client' })

describe('creating a client', () => {
  it('returns an empty 201 with the URL of the new client', async () => {
    const reply = await post('/clients', { clientId: 'new' })
    expect(answerOf(reply)).toEqual(empty(201))
    const id = idOf(reply)
    expect(reply.headers.get('location')).toBe(
      `${realm.target.server}/admin/realms/${realm.name}/clients/${id}`,
    )
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('sets Keycloak’s defaults and generates a secret', async () => {
    const client = await get(`/clients/${await create('defaults')}`)
    expect(Object.keys(client)).toEqual([
      'id',
      'clientId',
      'surrogateAuthRequired',
      'enabled',
      'alwaysDisplayInConsole',
      'clientAuthenticatorType',
      'secret',
      'redirectUris',
      'webOrigins',
      'notBefore',
      'bearerOnly',
      'consentRequired',
      'standardFlowEnabled',
      'implicitFlowEnabled',
      'directAccessGrantsEnabled',
      'serviceAccountsEnabled',
      'publicClient',
      'frontchannelLogout',
      'protocol',
      'attributes',
      'authenticationFlowBindingOverrides',
      'fullScopeAllowed',
      'nodeReRegistrationTimeout',
      'defaultClientScopes',
      'optionalClientScopes',
      'access',
    ])
    expect(client).toMatchObject({
      enabled: true,
      clientAuthenticatorType: 'client-secret',
      redirectUris: [],
      webOrigins: [],
      standardFlowEnabled: true,
      directAccessGrantsEnabled: false,
      serviceAccountsEnabled: false,
      publicClient: false,
      protocol: 'openid-connect',
      fullScopeAllowed: true,
      access: { view: true, configure: true, manage: true },
    })
    expect(client.secret).toMatch(/^[A-Za-z0-9]{32,}$/)
    expect(client.attributes).toMatchObject({
      realm_client: 'false',
      'client.secret.creation.time': expect.any(String),
    })
    expect(client.defaultClientScopes.toSorted()).toEqual([
      'acr',
      'basic',
      'email',
      'profile',
      'roles',
      'web-origins',
    ])
    expect(client.optionalClientScopes.toSorted()).toEqual([
      'address',
      'microprofile-jwt',
      'offline_access',
      'organization',
      'phone',
    ])
  })

  it('generates a client id when the body has none', async () => {
    const id = idOf(await post('/clients', {}))
    expect((await get(`/clients/${id}`)).clientId).toBe(id)
  })

  it('keeps the given secret', async () => {
    expect((await get(`/clients/${await create('known', { secret: appSecret })}`)).secret).toBe(appSecret)
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'a client id that already exists',
      { clientId: 'app' },
      json(409, { errorMessage: 'Client app already exists' }),
    ],
    [
      'an unknown field',
      { clientId: 'c2', nope: 1 },
      json(400, {
        error:
          'Invalid json representation for ClientRepresentation. Unrecognized field "nope" at line 1 column 26.',
      }),
    ],
    [
      'a redirect URI that runs a script',
      { clientId: 'c2', redirectUris: ['javascript:alert(1)'] },
      oauthError(400, 'invalid_input', 'A redirect URI uses an illegal scheme'),
    ],
    [
      'an invalid root URL',
      { clientId: 'c2', rootUrl: 'junk' },
      oauthError(400, 'invalid_input', 'Root URL is not a valid URL'),
    ],
  ])('refuses %s', async (_, body, expected) => {
    expect(answerOf(await post('/clients', body))).toEqual(expected)
  })
})

describe('finding clients', () => {
  it('finds a client by its exact client id', async () => {
    await create('findable')
    expect(
      (await get('/clients?clientId=findable')).map(({ clientId }: { clientId: string }) => clientId),
    ).toEqual(['findable'])
    expect(await get('/clients?clientId=finda')).toEqual([])
  })

  it('finds clients by a part of the client id', async () => {
    const found = await get('/clients?clientId=realm&search=true')
    expect(found.map(({ clientId }: { clientId: string }) => clientId)).toEqual(['realm-management'])
  })

  it('lists all clients by client id, including the realm’s built-in clients', async () => {
    const names = (await get('/clients')).map(({ clientId }: { clientId: string }) => clientId)
    expect(names).toEqual(
      expect.arrayContaining([
        'account',
        'account-console',
        'admin-cli',
        'app',
        'broker',
        'realm-management',
        'security-admin-console',
      ]),
    )
    const made = names.filter((name: string) => !/^[0-9a-f]{8}-/.test(name))
    expect(made).toEqual(made.toSorted())
  })

  it('returns 404 for an unknown client', async () => {
    expect(answerOf(await realm.api('/clients/nope'))).toEqual(missing)
    expect(answerOf(await put('/clients/nope', { name: 'N' }))).toEqual(missing)
    expect(answerOf(await remove('/clients/nope'))).toEqual(missing)
    expect(answerOf(await realm.api('/clients/nope/client-secret'))).toEqual(missing)
  })
})

describe('changing a client', () => {
  it('keeps fields that the body does not have', async () => {
    const id = await create('merged', { name: 'Before', secret: appSecret, directAccessGrantsEnabled: true })
    expect(answerOf(await put(`/clients/${id}`, { name: 'After' }))).toEqual(empty(204))
    expect(await get(`/clients/${id}`)).toMatchObject({
      clientId: 'merged',
      name: 'After',
      secret: appSecret,
      directAccessGrantsEnabled: true,
    })
  })

  it('merges attributes', async () => {
    const id = await create('attributed', { attributes: { a: '1' } })
    await put(`/clients/${id}`, { attributes: { b: '2' } })
    expect((await get(`/clients/${id}`)).attributes).toMatchObject({ a: '1', b: '2' })
  })

  it('stores the mask of a secret as the secret', async () => {
    const id = await create('masked', { secret: appSecret })
    await put(`/clients/${id}`, { secret: '**********' })
    expect((await get(`/clients/${id}`)).secret).toBe('**********')
  })

  it('derives a web origin from the first redirect URI', async () => {
    const id = await create('origins')
    await put(`/clients/${id}`, { redirectUris: ['https://a.example/x'] })
    expect(await get(`/clients/${id}`)).toMatchObject({
      redirectUris: ['https://a.example/x'],
      webOrigins: ['https://a.example'],
    })
  })

  it('refuses the client id of another client', async () => {
    const id = await create('renaming')
    expect(answerOf(await put(`/clients/${id}`, { clientId: 'app' }))).toEqual(
      oauthError(409, 'conflict', 'Duplicate resource error'),
    )
  })

  it('DELETE removes the client', async () => {
    const id = await create('short-lived')
    expect(answerOf(await remove(`/clients/${id}`))).toEqual(empty(204))
    expect(answerOf(await realm.api(`/clients/${id}`))).toEqual(missing)
  })
})

describe('a client’s secret', () => {
  const authenticates = async (secret: string) => {
    const form = { grant_type: 'client_credentials', client_id: 'rotated', client_secret: secret }
    return (await realm.token(form)).status
  }

  it('can be read and replaced; the old secret is invalid at once', async () => {
    const id = await create('rotated', { secret: appSecret, serviceAccountsEnabled: true })
    const read = await realm.api(`/clients/${id}/client-secret`)
    expect(answerOf(read)).toEqual(json(200, { type: 'secret', value: appSecret }))
    expect(await authenticates(appSecret)).toBe(200)

    const made = await realm.api(`/clients/${id}/client-secret`, { method: 'POST' })
    expect([made.status, shapeOf(made.json())]).toEqual([200, '{type: string, value: string}'])
    expect(await authenticates(made.json().value)).toBe(200)
    expect(await authenticates(appSecret)).toBe(401)
  })
})

describe('protocol mappers of a client', () => {
  const config = {
    'claim.name': 'x',
    'claim.value': 'y',
    'jsonType.label': 'String',
    'access.token.claim': 'true',
  }
  const mapper = {
    name: 'm',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-hardcoded-claim-mapper',
    config,
  }
  const models = (id: string) => `/clients/${id}/protocol-mappers/models`

  it('can be created, read, changed and deleted', async () => {
    const id = await create('mapped')
    const reply = await post(models(id), mapper)
    expect(answerOf(reply)).toEqual(empty(201))
    const path = `${models(id)}/${idOf(reply)}`
    expect(reply.headers.get('location')).toBe(`${realm.target.server}/admin/realms/${realm.name}${path}`)

    const read = await get(path)
    expect(Object.keys(read)).toEqual([
      'id',
      'name',
      'protocol',
      'protocolMapper',
      'consentRequired',
      'config',
    ])
    expect(read).toMatchObject({ ...mapper, consentRequired: false })
    expect(await get(models(id))).toEqual([read])
    expect((await get(`/clients/${id}`)).protocolMappers).toMatchObject([{ ...mapper, id: read.id }])

    const changed = { ...mapper, id: read.id, config: { ...config, 'claim.value': 'z' } }
    expect(answerOf(await put(path, changed))).toEqual(empty(204))
    expect((await get(path)).config['claim.value']).toBe('z')

    expect(answerOf(await remove(path))).toEqual(empty(204))
    expect(answerOf(await remove(path))).toEqual(json(404, { error: 'Model not found' }))
    expect(answerOf(await realm.api(path))).toEqual(json(404, { error: 'Model not found' }))
  })

  it('must have unique names', async () => {
    const id = await create('mapped-twice', { protocolMappers: [mapper] })
    expect(answerOf(await post(models(id), mapper))).toEqual(
      json(409, { errorMessage: 'Protocol mapper exists with same name' }),
    )
  })
})

describe('a client has', () => {
  it('a service account when enabled', async () => {
    const id = await create('serving', { serviceAccountsEnabled: true })
    const user = await get(`/clients/${id}/service-account-user`)
    expect(user).toMatchObject({ username: 'service-account-serving', enabled: true, emailVerified: false })
    expect(user).not.toHaveProperty('email')
    const reply = await realm.api(`/clients/${await create('not-serving')}/service-account-user`)
    expect(answerOf(reply)).toEqual(
      json(400, { error: "Service account not enabled for the client 'not-serving'" }),
    )
  })

  it('default and optional client scopes', async () => {
    const id = await create('scoped')
    const byDefault = await get(`/clients/${id}/default-client-scopes`)
    expect(shapeOf(byDefault)).toBe('[{id: string, name: string}]')
    expect(byDefault.map(({ name }: { name: string }) => name)).toContain('profile')
    const optional = await get(`/clients/${id}/optional-client-scopes`)
    expect(optional.map(({ name }: { name: string }) => name)).toContain('offline_access')
  })

  it('an example token for a user', async () => {
    const user = await realm.addUser('example')
    const [{ id }] = await get('/clients?clientId=app')
    const token = await get(`/clients/${id}/evaluate-scopes/generate-example-access-token?userId=${user}`)
    expect(token).toMatchObject({
      typ: 'Bearer',
      azp: 'app',
      sub: user,
      aud: 'account',
      preferred_username: 'example',
    })
  })

  it('the sessions of its users', async () => {
    await realm.addUser('present')
    const id = await create('visited', { secret: appSecret, directAccessGrantsEnabled: true })
    const form = {
      grant_type: 'password',
      client_id: 'visited',
      client_secret: appSecret,
      username: 'present',
      password: 'present',
    }
    await send(`${realm.oidc}/token`, { form })
    expect(await get(`/clients/${id}/session-count`)).toEqual({ count: 1 })
    const sessions = await get(`/clients/${id}/user-sessions`)
    expect(sessions).toHaveLength(1)
    expect(sessions[0]).toMatchObject({ username: 'present', clients: { [id]: 'visited' } })
  })
})
