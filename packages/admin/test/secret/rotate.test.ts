import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin, Change } from '@cloakwright/admin'
import {
  type RotateSecretOptions,
  type RotationStep,
  readSecretStatus,
  rotateSecret,
} from '@cloakwright/admin/secrets'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught, everything } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let realm: string
let admin: Admin
let folder: string
let isOn: boolean
const trail: Change[] = []

beforeAll(async () => {
  target = await openTarget(['client-secret-rotation'])
  realm = target.realmName()
  admin = target.admin({
    realm,
    recorder: {
      record: async (changes) => {
        trail.push(...changes)
      },
    },
  })
  await admin.client.realms.create({ realm, enabled: true })
  folder = mkdtempSync(join(tmpdir(), 'cloakwright-rotation-'))
  const { overlap } = await readSecretStatus(admin, (await newClient()).clientId)
  isOn = !(!overlap.possible && overlap.missing === 'feature')
  if (!isOn) console.warn('Skipped in rotate.test.ts: the server runs without client-secret-rotation.')
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
  readonly secret: string
  readonly file: string
}

let count = 0
async function newClient(more: object = {}): Promise<TestClient> {
  const clientId = `service-${(count += 1)}`
  const secret = `first-secret-of-${clientId}`
  const { id } = await admin.client.clients.create({
    clientId,
    secret,
    publicClient: false,
    serviceAccountsEnabled: true,
    redirectUris: ['https://app.example/callback'],
    ...more,
  })
  return { id, clientId, secret, file: join(folder, clientId) }
}

const accepts = async ({ clientId }: TestClient, secret: string): Promise<boolean> => {
  const response = await fetch(
    `${target.proxy.url}/realms/${realm}/protocol/openid-connect/token/introspect`,
    {
      method: 'POST',
      body: new URLSearchParams({ token: 'none', client_id: clientId, client_secret: secret }),
    },
  )
  return response.ok
}
const delivered = ({ file }: TestClient): string => readFileSync(file, 'utf8').trim()
const liveSecret = async ({ id }: TestClient): Promise<string> =>
  (await admin.client.clients.getClientSecret({ id })).value ?? ''

const rotate = (client: TestClient, options: Partial<RotateSecretOptions> = {}) =>
  rotateSecret(admin, client.clientId, { deliver: { file: client.file }, setUpPolicy: true, ...options })

describe('where two secrets can live at once', () => {
  beforeEach(({ skip }) => {
    if (!isOn) skip()
  })

  test('a new one is made, delivered, proved and taken up before the old one is revoked', async () => {
    const client = await newClient()
    const steps: RotationStep[] = []

    const result = await rotate(client, {
      onStep: (step) => steps.push(step),
      proveDelivery: async () => {
        expect(await accepts(client, delivered(client))).toBe(true)
        expect(await accepts(client, client.secret)).toBe(true)
      },
    })

    expect(steps).toEqual(['set up', 'made', 'delivered', 'proved', 'taken up', 'revoked'])
    expect(result).toMatchObject({
      overlap: true,
      resumed: false,
      provedBy: 'token',
      oldSecretUntil: undefined,
    })
    expect(delivered(client)).toBe(await liveSecret(client))
    expect(await accepts(client, delivered(client))).toBe(true)
    expect(await accepts(client, client.secret)).toBe(false)
  })

  test('the policy that it sets up covers this client alone, and the next rotation needs none', async () => {
    const [client, other] = [await newClient(), await newClient()]
    await rotate(client)
    const { overlap } = await readSecretStatus(admin, other.clientId)
    const { changes } = await rotate(client, { setUpPolicy: false })

    expect(overlap).toMatchObject({ possible: false, missing: 'policy' })
    expect(changes.map(({ action, kind }) => `${action} ${kind}`)).toEqual([
      'update client secret',
      'delete client secret',
    ])
  })

  test('what of the policy was set up before a failure is in the trail', async () => {
    const { clientPolicies } = admin.client
    await clientPolicies.updatePolicy({ policies: [] })
    await clientPolicies.createProfiles({ profiles: [] })
    target.proxy.fail('PUT', '/client-policies/policies', { status: 403, body: '{}' })

    expect((await caught(rotate(await newClient()))).code).toBe('CW_ADMIN_FORBIDDEN')

    expect(trail.map(({ fields }) => fields)).toEqual([['clientProfiles']])
  })

  test('other policies and profiles of the realm stay when it sets up its own', async () => {
    const { clientPolicies } = admin.client
    const own = {
      name: 'own',
      executors: [{ executor: 'pkce-enforcer', configuration: { 'auto-configure': true } }],
    }
    const { profiles = [] } = await clientPolicies.listProfiles()
    await clientPolicies.createProfiles({ profiles: [own] })
    const policy = {
      name: 'own',
      enabled: true,
      conditions: [{ condition: 'client-roles', configuration: { roles: ['x'] } }],
      profiles: ['own'],
    }
    await clientPolicies.updatePolicy({ policies: [policy] })

    await rotate(await newClient())

    expect((await clientPolicies.listProfiles()).profiles?.map(({ name }) => name)).toEqual([
      'own',
      'cloakwright-secret-rotation',
    ])
    expect((await clientPolicies.listPolicies()).policies?.map(({ name }) => name)).toEqual([
      'own',
      'cloakwright-secret-rotation',
    ])
    expect(profiles).toBeTruthy()
  })

  test('without a service account it is proved by introspection', async () => {
    const client = await newClient({ serviceAccountsEnabled: false, standardFlowEnabled: false })
    expect(await rotate(client)).toMatchObject({ provedBy: 'introspection' })
    expect(await accepts(client, delivered(client))).toBe(true)
  })

  test('a client that sends its secret in the form only is proved so', async () => {
    const client = await newClient({
      attributes: { 'client.secret.authentication.allowed.method': 'client_secret_post' },
    })
    expect(await rotate(client)).toMatchObject({ provedBy: 'token' })
  })

  test('the old one can be left to end by itself', async () => {
    const client = await newClient()
    const { oldSecretUntil, expiresAt } = await rotate(client, { keepOld: true })

    expect(await accepts(client, client.secret)).toBe(true)
    expect((oldSecretUntil?.getTime() ?? 0) - Date.now()).toBeGreaterThan(47 * 3_600_000)
    expect((expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(4 * 365 * 86_400_000)
  })

  test.each<[string, (client: TestClient) => Partial<RotateSecretOptions>, string]>([
    [
      'a delivery that fails',
      () => ({
        deliver: (secret) => {
          throw new Error(`no place for ${secret}`)
        },
      }),
      'but was not delivered',
    ],
    [
      'a command that fails',
      () => ({ deliver: { command: [process.execPath, '-e', 'process.exit(7)'] } }),
      'exit code 7',
    ],
    [
      'a service that does not take it up',
      () => ({ proveDelivery: [process.execPath, '-e', 'process.exit(1)'] }),
      'the service did not confirm that it uses it',
    ],
  ])('after %s both live, and the next run continues with the same', async (_, options, why) => {
    const client = await newClient()

    const error = await caught(rotate(client, options(client)))

    const made = await liveSecret(client)
    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain(why)
    expect(error.message).toMatch(/Both secrets work now; the old one works until 20\d\d-/)
    expect(everything(error)).not.toContain(made)
    expect(await accepts(client, client.secret)).toBe(true)
    expect(await accepts(client, made)).toBe(true)

    expect(await rotate(client)).toMatchObject({ resumed: true, overlap: true })
    expect(delivered(client)).toBe(made)
    expect(await accepts(client, client.secret)).toBe(false)
  })

  test('a rotation by someone else in between revokes nothing that was delivered', async () => {
    const client = await newClient()
    const proveDelivery = async () => {
      await admin.client.clients.generateNewClientSecret({ id: client.id })
    }

    const error = await caught(rotate(client, { proveDelivery }))

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('someone else changed the secret')
    expect(await accepts(client, delivered(client))).toBe(true)

    await rotate(client)
    expect(delivered(client)).toBe(await liveSecret(client))
  })

  test('a proof that Keycloak refuses leaves the old one alive', async () => {
    const client = await newClient()
    const refused = {
      status: 401,
      body: '{"error":"unauthorized_client","error_description":"Invalid client"}',
    }
    await rotate(client)
    target.proxy.fail('POST', `/realms/${realm}/protocol/openid-connect/token`, refused)
    const before = delivered(client)

    const error = await caught(rotate(client))

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('Invalid client')
    expect(await accepts(client, before)).toBe(true)
  })

  test.each(['reset', 'reset after'] as const)(
    'a connection that breaks while it is made: %s',
    async (fault) => {
      const client = await newClient()
      await rotate(client)
      const before = delivered(client)
      target.proxy.fail('POST', '/client-secret', fault)

      if (fault === 'reset') {
        // Nothing was made, so nothing is delivered, and a second run begins again.
        expect((await caught(rotate(client))).code).toBe('CW_ADMIN_UNAVAILABLE')
        expect(delivered(client)).toBe(before)
        expect(await liveSecret(client)).toBe(before)
      } else {
        expect(await rotate(client)).toMatchObject({ overlap: true })
        expect(delivered(client)).not.toBe(before)
        expect(await accepts(client, before)).toBe(false)
      }
      expect(await accepts(client, delivered(client))).toBe(true)
    },
  )

  test('one that is aborted before its end continues later', async () => {
    const client = await newClient()
    const abort = new AbortController()
    const onStep = (step: RotationStep) => step === 'delivered' && abort.abort()

    const error = await caught(rotate(client, { onStep: (step) => void onStep(step), signal: abort.signal }))

    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('it was aborted')
    expect(await accepts(client, client.secret)).toBe(true)
    expect(await rotate(client)).toMatchObject({ resumed: true })
  })

  test('one that is killed at any step is finished by the next run', async () => {
    for (const killedAt of ['made', 'delivered', 'proved', 'revoked'] as const) {
      const client = await newClient()
      const killed = rotate(client, {
        onStep: (step) => {
          if (step === killedAt) throw new Error('killed')
        },
      })
      await expect(killed).rejects.toThrow('killed')

      await rotate(client)

      expect(delivered(client)).toBe(await liveSecret(client))
      expect(await accepts(client, delivered(client))).toBe(true)
      expect(await accepts(client, client.secret)).toBe(false)
    }
  })

  test('one whose old secret was put back begins again', async () => {
    const client = await newClient()
    await caught(rotate(client, { deliver: () => Promise.reject(new Error('no')) }))
    await admin.client.clients.update({ id: client.id }, { clientId: client.clientId, secret: client.secret })

    expect(await rotate(client)).toMatchObject({ resumed: false, overlap: true })
    expect(await accepts(client, client.secret)).toBe(false)
  })

  test('what was changed is in the trail, and no secret', async () => {
    const client = await newClient()
    const { changes } = await rotate(client)

    expect(trail).toEqual(changes)
    expect(trail.map(({ action, kind, fields }) => [action, kind, fields])).toEqual([
      ['update', 'client', ['attributes.cloakwright.secret.rotation']],
      ['update', 'client secret', ['secret']],
      ['delete', 'client secret', ['rotated secret']],
    ])
    expect(JSON.stringify(trail)).not.toContain(client.secret)
    expect(JSON.stringify(trail)).not.toContain(delivered(client))
  })

  test('a policy with an unknown condition does not count', async () => {
    const client = await newClient()
    const { clientPolicies } = admin.client
    await rotate(await newClient())
    const { policies = [] } = await clientPolicies.listPolicies()
    const unknown = {
      name: 'by groups',
      enabled: true,
      conditions: [
        { condition: 'any-client', configuration: {} },
        { condition: 'client-updater-source-groups', configuration: { groups: ['operators'] } },
      ],
      profiles: ['cloakwright-secret-rotation'],
    }
    await clientPolicies.updatePolicy({ policies: [...policies, unknown] })

    const { overlap } = await readSecretStatus(admin, client.clientId)

    await clientPolicies.updatePolicy({ policies })
    expect(overlap).toMatchObject({ possible: false, missing: 'policy' })
    expect(overlap.possible || overlap.why).toContain('client-updater-source-groups')
  })
})

describe('where two secrets cannot live at once', () => {
  test('it refuses before anything is changed, and says what is missing', async () => {
    const client = await newClient()
    const error = await caught(rotate(client, { setUpPolicy: false }))

    expect(error.code).toBe('CW_SECRET_OVERLAP_MISSING')
    expect(error.message).toContain(isOn ? 'no client policy' : 'without the feature client-secret-rotation')
    expect(error.hint).toContain(isOn ? 'set up the policy' : '--features=client-secret-rotation')
    expect(await liveSecret(client)).toBe(client.secret)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(1) // the client's creation
  })

  test('it rotates with downtime if that is allowed', async () => {
    const client = await newClient()
    const result = await rotate(client, { setUpPolicy: false, allowDowntime: true })

    expect(result).toMatchObject({ overlap: false, expiresAt: undefined, provedBy: 'token' })
    expect(delivered(client)).toBe(await liveSecret(client))
    expect(await accepts(client, client.secret)).toBe(false)
  })

  test('a failed delivery reports that the old secret no longer works', async () => {
    const client = await newClient()
    const error = await caught(
      rotate(client, {
        setUpPolicy: false,
        allowDowntime: true,
        deliver: { command: [process.execPath, '-e', 'process.exit(1)'] },
      }),
    )
    expect(error.code).toBe('CW_SECRET_UNFINISHED')
    expect(error.message).toContain('The old secret no longer works')
  })
})

describe('nothing is changed', () => {
  test.each<[string, object, Partial<RotateSecretOptions>, string]>([
    [
      'for a file that can not be written',
      {},
      { deliver: { file: '/no/such/folder/secret' } },
      'CW_CONFIG_INVALID',
    ],
    ['for a public client', { publicClient: true, serviceAccountsEnabled: false }, {}, 'CW_ADMIN_REFUSED'],
    ['for a client with a key', { clientAuthenticatorType: 'client-jwt' }, {}, 'CW_ADMIN_REFUSED'],
  ])('%s', async (_, representation, options, code) => {
    const client = await newClient(representation)
    target.proxy.reset()
    expect((await caught(rotate(client, options))).code).toBe(code)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
  })

  test('for an unknown client', async () => {
    const error = await caught(rotateSecret(admin, 'nobody', { deliver: () => {} }))
    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
  })
})
