import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin, Change } from '@cloakwright/admin'
import { type MoveToKeyOptions, moveToPrivateKeyJwt } from '@cloakwright/admin/secrets'
import { CloakwrightError } from 'cloakwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught, everything } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let realm: string
let admin: Admin
let folder: string
const trail: Change[] = []

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  const recorder = { record: async (changes: readonly Change[]) => void trail.push(...changes) }
  admin = target.admin({ realm, recorder })
  await admin.client.realms.create({ realm, enabled: true })
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-move-'))
})
beforeEach(() => {
  target.proxy.reset()
  trail.length = 0
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await target.close()
})

interface TestClient {
  readonly id: string
  readonly clientId: string
  readonly file: string
}

const secret = 'the-secret-of-before'
let count = 0
async function newClient(more: object = {}): Promise<TestClient> {
  const clientId = `service-${(count += 1)}`
  const { id } = await admin.client.clients.create({
    clientId,
    secret,
    publicClient: false,
    serviceAccountsEnabled: true,
    ...more,
  })
  return { id, clientId, file: join(folder, clientId) }
}

const move = (client: TestClient, options: Partial<MoveToKeyOptions> = {}) =>
  moveToPrivateKeyJwt(admin, client.clientId, { deliver: { file: client.file }, ...options })
const statusBySecret = async ({ clientId }: TestClient): Promise<number> => {
  const response = await fetch(
    `${target.proxy.url}/realms/${realm}/protocol/openid-connect/token/introspect`,
    {
      method: 'POST',
      body: new URLSearchParams({ token: 'none', client_id: clientId, client_secret: secret }),
    },
  )
  return response.status
}
const authenticatorOf = async ({ id }: TestClient) => {
  const client = await admin.client.clients.findOne({ id })
  const { 'client.secret.creation.time': _, ...attributes } = (client?.attributes ?? {}) as Record<
    string,
    string
  >
  return { type: client?.clientAuthenticatorType, attributes }
}

describe('a client that is moved to a key', () => {
  test.each(['ES256', 'PS256', 'RS256', 'EdDSA'] as const)('signs with %s', async (algorithm) => {
    const client = await newClient()

    const { configuration, provedBy } = await move(client, { algorithm })

    const url = `${target.proxy.url}/realms/${realm}`
    expect(provedBy).toBe('token')
    expect(configuration).toEqual({
      clientId: client.clientId,
      method: 'private_key_jwt',
      tokenEndpoint: `${url}/protocol/openid-connect/token`,
      audience: url,
      algorithm,
      kid: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(await statusBySecret(client)).not.toBe(200)
  })

  test.each(['jwk', 'pem'] as const)('gets a key by which a program signs in: %s', async (format) => {
    const client = await newClient()
    await move(client, { format })

    const service = target.admin({
      realm,
      credentials: { clientId: client.clientId, privateKey: () => readFileSync(client.file, 'utf8') },
    })

    expect((await caught(service.client.roles.find())).code).toBe('CW_ADMIN_FORBIDDEN')
  })

  test('keeps its private key: Keycloak, the trail and the result have the public half', async () => {
    const client = await newClient()
    const result = await move(client)

    const { d } = JSON.parse(readFileSync(client.file, 'utf8')) as { d: string }
    expect(d).toMatch(/^[\w-]{43}$/)
    expect(JSON.stringify(await authenticatorOf(client))).not.toContain(d)
    expect(JSON.stringify(result)).not.toContain(d)
    expect(trail).toEqual(result.changes)
    expect(trail).toMatchObject([
      {
        action: 'update',
        kind: 'client',
        name: client.clientId,
        before: { clientAuthenticatorType: 'client-secret' },
        after: { clientAuthenticatorType: 'client-jwt' },
      },
    ])
  })

  test('would be let in by its secret again if it were set back, until a new one is made', async () => {
    const client = await newClient()
    const setBack = { clientId: client.clientId, clientAuthenticatorType: 'client-secret' }
    await move(client)
    expect(await statusBySecret(client)).not.toBe(200)
    await admin.client.clients.generateNewClientSecret({ id: client.id })
    await admin.client.clients.update({ id: client.id }, setBack)
    expect(await statusBySecret(client)).not.toBe(200)

    const kept = await newClient()
    await move(kept)
    await admin.client.clients.update({ id: kept.id }, { ...setBack, clientId: kept.clientId })
    expect(await statusBySecret(kept)).toBe(200)
  })

  test('without a service account is proved by introspection', async () => {
    const client = await newClient({ serviceAccountsEnabled: false })
    expect((await move(client)).provedBy).toBe('introspection')
  })

  test('has the private key before Keycloak is switched, and is switched before the service is', async () => {
    const client = await newClient()
    const steps: string[] = []
    const proveDelivery = async () => {
      steps.push(String((await authenticatorOf(client)).type))
    }
    await move(client, { onStep: (step) => steps.push(step), proveDelivery })
    expect(steps).toEqual(['delivered', 'switched', 'proved', 'client-jwt', 'taken up'])
  })
})

describe('a move that fails', () => {
  test.each<[string, (client: TestClient) => Partial<MoveToKeyOptions>, string]>([
    ['at the proof', () => ({ audience: 'https://other.example/realms/x' }), 'Invalid token audience'],
    ['at the service', () => ({ proveDelivery: [process.execPath, '-e', 'process.exit(1)'] }), 'exit code 1'],
  ])('%s gives the client its secret back', async (_, options, why) => {
    const client = await newClient({
      attributes: { 'token.endpoint.auth.signing.alg': 'RS384', team: 'red' },
    })
    const before = await authenticatorOf(client)

    const error = await caught(move(client, options(client)))

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain(why)
    expect(error.message).toContain('authenticates with its secret again')
    expect(everything(error)).not.toContain(
      (JSON.parse(readFileSync(client.file, 'utf8')) as { d: string }).d,
    )
    expect(await authenticatorOf(client)).toEqual(before)
    expect(await statusBySecret(client)).toBe(200)
    expect(trail).toHaveLength(2)
  })

  test('because the switch could not be recorded gives the client its secret back', async () => {
    const client = await newClient()
    const record = () => Promise.reject(new CloakwrightError('CW_AUDIT_UNAVAILABLE', 'the disk is full'))
    const unrecorded = target.admin({ realm, recorder: { record } })

    const error = await caught(
      moveToPrivateKeyJwt(unrecorded, client.clientId, { deliver: { file: client.file } }),
    )

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('the disk is full')
    expect(error.message).toContain('authenticates with its secret again')
    expect(await statusBySecret(client)).toBe(200)
  })

  test('because the trail is down from the switch on gives the client its secret back', async () => {
    const client = await newClient()
    let isDown = false
    const down = () => new CloakwrightError('CW_AUDIT_UNAVAILABLE', 'the disk is full')
    const recorder = {
      check: async () => {
        if (isDown) throw down()
      },
      record: async () => {
        isDown = true
        throw down()
      },
    }
    const unrecorded = target.admin({ realm, recorder })

    const error = await caught(
      moveToPrivateKeyJwt(unrecorded, client.clientId, { deliver: { file: client.file } }),
    )

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('authenticates with its secret again')
    expect(await statusBySecret(client)).toBe(200)
    expect((await caught(unrecorded.client.clients.del({ id: client.id }))).code).toBe('CW_AUDIT_UNAVAILABLE')
  })

  test('because Keycloak refuses the switch is just that', async () => {
    const client = await newClient()
    target.proxy.fail('PUT', `/clients/${client.id}`, { status: 403, body: '{"error":"HTTP 403 Forbidden"}' })

    expect((await caught(move(client))).code).toBe('CW_ADMIN_FORBIDDEN')
    expect(target.proxy.count('PUT')).toBe(1)
    expect(await statusBySecret(client)).toBe(200)
  })

  test('and cannot be undone says what to do', async () => {
    const client = await newClient()
    const down = { status: 500, body: '{}' }
    const proveDelivery = async () => {
      target.proxy.fail('PUT', `/clients/${client.id}`, down)
      throw new Error('no')
    }

    const error = await caught(move(client, { proveDelivery }))

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('could not be undone')
    expect(error.message).toContain('Client Id and Secret')
  })

  test.each<[string, object, Partial<MoveToKeyOptions>, string]>([
    [
      'for a file that can not be written',
      {},
      { deliver: { file: '/no/such/folder/key' } },
      'CW_CONFIG_INVALID',
    ],
    [
      'for a key of many lines in an environment file',
      {},
      { format: 'pem', deliver: { environmentFile: '/tmp/none', variable: 'KEY' } },
      'CW_CONFIG_INVALID',
    ],
    [
      'for a function that throws',
      {},
      { deliver: () => Promise.reject(new Error('no')) },
      'CW_CONFIG_INVALID',
    ],
    ['for a public client', { publicClient: true, serviceAccountsEnabled: false }, {}, 'CW_ADMIN_REFUSED'],
    ['for a client that has a key', { clientAuthenticatorType: 'client-jwt' }, {}, 'CW_ADMIN_REFUSED'],
  ])('%s changes nothing', async (_, representation, options, code) => {
    const client = await newClient(representation)
    target.proxy.reset()
    expect((await caught(move(client, options))).code).toBe(code)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
  })
})
