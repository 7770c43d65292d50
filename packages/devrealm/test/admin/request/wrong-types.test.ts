import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Kind, Shape } from '../../../src/admin/body/shape.ts'
import { adminRoutes } from '../../../src/admin/index.ts'
import type { AdminRouteConfig } from '../../../src/admin/request/admin-api.ts'
import type { RealmContext } from '../../../src/context/realm-context.ts'
import type { DevRealmOptions } from '../../../src/index.ts'
import { type AdminTarget, openAdmin, passwordToken, type Reply } from '../support.ts'

let target: AdminTarget
/** Ids that routes take in their paths. */
let ids: Record<string, string>

/** Errors that the realm logs: always a defect, whatever the response. */
const crashes: unknown[] = []

beforeAll(async () => {
  const ignore = (): void => undefined
  const logger = {
    level: 'error',
    fatal: ignore,
    warn: ignore,
    info: ignore,
    debug: ignore,
    trace: ignore,
    silent: ignore,
    error: (error: unknown) => void crashes.push(error),
    child: () => logger,
  } as unknown as NonNullable<DevRealmOptions['logger']>
  target = await openAdmin('fuzz', { logger })
  const { admin } = target
  await admin.realms.create({ realm: 'fuzz-2', enabled: true })
  await admin.realms.update({ realm: 'master' }, { accessTokenLifespan: 3600 })
  const { server } = target
  admin.setAccessToken(
    await passwordToken(server, 'master', { client_id: 'admin-cli', username: 'admin', password: 'admin' }),
  )
  const made = async (path: string, body: unknown): Promise<string> => {
    const { status, location, text } = await target.send('POST', `/fuzz${path}`, body)
    expect([status, text]).toEqual([201, ''])
    return location?.split('/').pop() ?? ''
  }
  const person = { email: 'k@example.org', firstName: 'K', lastName: 'L', enabled: true }
  const credentials = [{ type: 'password', value: 'kept' }]
  const userId = await made('/users', { ...person, username: 'kept', credentials })
  const clientUuid = await made('/clients', { clientId: 'kept', secret: 'x' })
  const flow = await made('/authentication/flows', {
    alias: 'kept',
    providerId: 'basic-flow',
    topLevel: true,
  })
  const mapper = { name: 'kept', protocol: 'openid-connect', protocolMapper: 'oidc-sub-mapper' }
  ids = {
    userId,
    clientUuid,
    clientId: clientUuid,
    flow,
    groupId: await made('/groups', { name: 'kept' }),
    roleName: await made('/roles', { name: 'kept' }),
    roleId: (await admin.roles.findOneByName({ name: 'kept' }))?.id ?? '',
    scopeId: await made('/client-scopes', { name: 'kept', protocol: 'openid-connect' }),
    mapperId: await made(`/clients/${clientUuid}/protocol-mappers/models`, mapper),
    executionId: await made('/authentication/flows/kept/executions/execution', {
      provider: 'idp-create-user-if-unique',
    }),
    alias: 'VERIFY_EMAIL',
    credentialId: (await admin.users.getCredentials({ id: userId }))[0]?.id ?? '',
  }
  ids['configId'] = await made(`/authentication/executions/${ids['executionId']}/config`, {
    alias: 'kept',
    config: {},
  })
})
afterAll(() => target.close())

interface Operation {
  readonly method: string
  readonly url: string
  readonly shape: Shape<unknown>
}

const readings = async (): Promise<Operation[]> => (await routes()).filter(({ method }) => method === 'GET')

/** Every operation of the Admin API, from its router. */
async function routes(): Promise<Operation[]> {
  const app = Fastify()
  const found: Operation[] = []
  app.addHook('onRoute', ({ method, url, config }) => {
    const { shape } = (config ?? {}) as Partial<AdminRouteConfig>
    if (shape !== undefined && typeof method === 'string') found.push({ method, url, shape })
  })
  await app.register(adminRoutes, {} as RealmContext)
  await app.close()
  return found
}

/** The writes. */
async function operations(): Promise<Operation[]> {
  const found = (await routes()).filter(({ method }) => ['POST', 'PUT', 'DELETE'].includes(method))
  // Deleted objects cannot be requested any more.
  const isLast = ({ method, url }: Operation): number =>
    method !== 'DELETE' ? 0 : url.split('/').length > 4 ? 1 : 2
  return found.toSorted((a, b) => isLast(a) - isLast(b))
}

const deep = `${'['.repeat(990)}${']'.repeat(990)}`
const wrong = [
  'null',
  'true',
  '5',
  '-1',
  '1.5',
  '1e400',
  '99999999999999999999',
  '""',
  '"x"',
  '"\\u0000"',
  '"\\ud800"',
  '[]',
  '[null]',
  '[5]',
  '[[]]',
  '[{}]',
  '{}',
  '{"a":null}',
  '{"a":5}',
  '{"a":[null]}',
  '{"__proto__":{}}',
  deep,
  JSON.stringify('long '.repeat(2000)),
  '"*a*a*a*a*a*b"',
  '"(a+)+$"',
]

const short = ['null', '5', '"x"', '[null]', '{"a":[null]}']

/** Bodies whose members, one after the other and at any depth, have each of the wrong types. */
function* bodiesOf(kind: Kind, seen: readonly Kind[] = []): Generator<string> {
  yield* seen.length < 2 ? wrong : short
  if (typeof kind === 'string' || 'oneOf' in kind || seen.includes(kind)) return
  const inner = [...seen, kind]
  if (Array.isArray(kind)) {
    for (const item of bodiesOf(kind[0] as Kind, inner)) yield `[${item}]`
  } else if ('values' in kind) {
    for (const value of bodiesOf(kind.values as Kind, inner)) yield `{"account":${value}}`
  } else {
    const { members } = kind as Shape<unknown>
    for (const [name, member] of Object.entries(members)) {
      for (const value of bodiesOf(member, inner))
        yield `{${required(members, name)}${JSON.stringify(name)}:${value}}`
    }
  }
}

/** Names; without them most bodies are rejected before other members are checked. */
function required(members: Readonly<Record<string, Kind>>, but: string): string {
  const isRealm = 'keycloakVersion' in members
  const names = isRealm ? (isUpdate ? [] : ['realm']) : ['name', 'clientId', 'username', 'alias', 'protocol']
  const values: Record<string, string> = { protocol: 'openid-connect' }
  const given = names.filter((each) => each in members && each !== but)
  return given.map((each) => `"${each}":${JSON.stringify(values[each] ?? nameFor(each, members))},`).join('')
}

function nameFor(member: string, members: object): string {
  if (isUpdate) return member === 'alias' && 'defaultAction' in members ? 'VERIFY_EMAIL' : 'kept'
  count += 1
  return `new-${count}`
}

let count = 0
let isUpdate = false

/** A renamed object is not found by later bodies. */
function isRename(body: string): boolean {
  const members = JSON.parse(body) as Record<string, unknown> | null
  return ['alias', 'name', 'realm'].some((name) => {
    const value = members?.[name]
    return (
      ['string', 'number', 'boolean'].includes(typeof value) &&
      !['kept', 'VERIFY_EMAIL'].includes(String(value))
    )
  })
}

function pathOf(url: string): string {
  return url
    .replace('/admin/realms', '')
    .replace(':realm', 'fuzz')
    .replace(/:(\w+)/g, (_, name: string) => ids[name] ?? 'none')
}

/** Sends without a network, because there are many. */
async function send(method: string, path: string, payload?: string): Promise<Reply> {
  const response = await target.devRealm.app.inject({
    method: method as 'POST',
    url: `/admin/realms${path}`,
    headers: {
      host: new URL(target.server).host,
      authorization: `Bearer ${target.admin.accessToken}`,
      'content-type': 'application/json',
    },
    ...(payload === undefined ? {} : { payload }),
  })
  const { location } = response.headers
  return { status: response.statusCode, text: response.body, location: location ?? null }
}

async function requireWorking(): Promise<void> {
  count += 1
  const person = { username: `later-${count}`, email: `l${count}@example.org`, firstName: 'L', lastName: 'L' }
  for (const [method, path, body] of [
    ['POST', '/fuzz/users', person],
    ['GET', '/fuzz/users?max=5'],
    ['GET', '/fuzz/users/profile/metadata'],
    ['GET', '/fuzz/groups?search='],
    ['GET', '/fuzz/clients'],
    ['GET', '/fuzz/client-scopes'],
    ['GET', '/fuzz/client-policies/policies'],
    ['GET', '/fuzz/authentication/flows'],
    ['GET', '/fuzz/authentication/required-actions'],
    ['GET', '/fuzz'],
  ] as const) {
    const { status, text } = await send(method, path, body && JSON.stringify(body))
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text.slice(0, 200)}`)
  }
}

/** Answers with 500 that are Keycloak's own, as conformance/ has them. */
const recorded: [RegExp, RegExp][] = [
  [/email$/, /"Failed to send /],
  [/partialImport$/, /"Cannot parse the JSON"|"For more on this error consult the server log."/],
]

/** The contents of a realm have their own operations, and the partial import covers most of them. */
function withoutContents(shape: Shape<unknown>, url: string): Shape<unknown> {
  if (url !== '/admin/realms' && !url.endsWith('/:realm')) return shape
  const contents = ['users', 'clients', 'clientScopes', 'groups', 'federatedUsers', 'adminPermissionsClient']
  const members = Object.entries(shape.members).filter(([name]) => !contents.includes(name))
  return { ...shape, members: Object.fromEntries(members) }
}

describe('bodies of wrong types', () => {
  it('get 4xx from every operation, and stored ones break nothing', {
    timeout: 300_000,
  }, async () => {
    const faults: string[] = []
    for (const { method, url, shape } of await operations()) {
      isUpdate = method === 'PUT'
      const item = withoutContents(shape, url)
      const whole: Kind = shape.list === true ? [item] : item
      // Creating a realm is slow; its members are the same as in an update.
      const few: Kind[] = url === '/admin/realms' ? ['json', 'json'] : []
      for (const body of bodiesOf(shape.texts === true ? 'strings' : whole, few)) {
        if (isUpdate && isRename(body)) continue
        const { status, text, location } = await send(method, pathOf(url), body)
        if (status === 401) throw new Error('the token is not accepted')
        const isKnown = recorded.some(([where, what]) => where.test(url) && what.test(text))
        if ((status >= 500 && !isKnown) || crashes.length > 0) {
          const crash = String((crashes.splice(0)[0] as Error | undefined)?.stack ?? '')
          faults.push(`${method} ${url} ${body.slice(0, 150)}: ${status} ${text.slice(0, 120)} ${crash}`)
        }
        if (url === '/admin/realms' && status === 201) await send('DELETE', `/${location?.split('/').pop()}`)
        if (method === 'DELETE' && status < 300) break
      }
      if (url.endsWith('/:realm') && method === 'DELETE') continue
      await requireWorking().catch((error: Error) => faults.push(`after ${method} ${url}: ${error.message}`))
    }
    expect(faults).toEqual([])
  })
})

describe('paths and queries of wrong types', () => {
  const queries = [
    'first=abc&max=x',
    'first=-5&max=-5&briefRepresentation=x&exact=7&enabled=maybe&populateHierarchy=0',
    'first=99999999999999999999&max=1e9',
    'search=%00*%ff&q=:::&username=%00&type=%00&clientId=[',
    'search=id:&q=%22&dateFrom=x&dateTo=&direction=&operationTypes=',
    'scope=%00&userId=%00&redirect_uri=x&client_id=x&isOffline=x',
    'first=1&first=2&max[]=1&search[a]=b',
  ]
  const segments = [
    'none',
    '%00',
    '%F0%9F%98%80',
    '..%2f..',
    'x'.repeat(500),
    '%22',
    '__proto__',
    'constructor',
    '0',
  ]

  it('never get 500 from any operation', { timeout: 120_000 }, async () => {
    const faults: string[] = []
    for (const { url } of await readings()) {
      const paths = queries.map((query) => `${pathOf(url)}?${query}`)
      for (const segment of segments)
        paths.push(url.replace('/admin/realms', '').replace(':realm', 'fuzz-2').replace(/:\w+/g, segment))
      for (const path of paths) {
        const { status, text } = await send('GET', path)
        if (status >= 500 && !/operationTypes/.test(path))
          faults.push(`GET ${path}: ${status} ${text.slice(0, 100)}`)
      }
    }
    expect([faults, crashes]).toEqual([[], []])
  })
})
