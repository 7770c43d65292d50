import { bodyFor } from './admin-bodies.mjs'
import { hostileText, mutate, toBody } from './values.mjs'

/** The ids for a path parameter. */
const kinds = {
  userId: ['user'],
  groupId: ['group'],
  roleName: ['roleName'],
  roleId: ['role'],
  clientUuid: ['client'],
  clientId: ['client'],
  compositeClient: ['client'],
  scopeId: ['scope'],
  mapperId: ['mapper'],
  flow: ['flow'],
  executionId: ['execution'],
  configId: ['config'],
  alias: ['action'],
  componentId: ['component'],
  sessionId: ['session'],
  credentialId: ['credential'],
}

const queries = {
  first: ['0', '1', '-1', '99999999999', '1.5', 'x', ''],
  max: ['0', '1', '-1', '2', '100', '2147483648', 'x', ''],
  exact: ['true', 'false', 'x'],
  briefRepresentation: ['true', 'false', ''],
  search: ['a', '*', 'al*', '"alice"', 'id:a b', '*a*b*c*'],
  q: ['a:b', 'a:', ':', 'a', '"a b":c', 'a:b c:d'],
  username: ['alice', 'ali'],
  email: ['alice@example.com'],
  enabled: ['true', 'x'],
  emailVerified: ['true', ''],
  clientId: ['app', 'none'],
  scope: ['openid', 'openid roles', 'none'],
  userId: ['none'],
  top: ['true'],
  populateHierarchy: ['false'],
  subGroupsCount: ['false'],
  userProfileMetadata: ['true'],
  isOffline: ['true'],
  dateFrom: ['2026-01-01', '0', '-1', 'x', '99999999999999999'],
  dateTo: ['2026-01-01', '1e30'],
  operationTypes: ['CREATE', 'none'],
  resourceTypes: ['USER'],
  direction: ['asc', 'desc', 'x'],
  authIpAddress: ['127.0.0.1'],
}

/** A request to a route of the Admin API, close enough to a valid one to get far. */
export function adminRequest(random, world, routes) {
  const { method, path: route } = random.pick(routes)
  const path = fill(random, world, route, method)
  const query = random.percent(method === 'GET' ? 60 : 15) ? queryOf(random, world) : ''
  const headers = { authorization: authorization(random, world) }
  const request = { method, route, path: path + query, headers }
  if (method === 'GET' || method === 'HEAD' || (method === 'DELETE' && random.percent(50))) return request
  const valid = bodyFor(random, world, route, method)
  const value = random.percent(65) ? mutate(random, valid, world.allIds()) : valid
  headers['content-type'] = random.percent(97) ? 'application/json' : contentType(random)
  return { ...request, body: toBody(random, value, 6) }
}

/** Realms of other connections are only read: their runs must stay reproducible. */
function fill(random, world, route, method) {
  const filled = route.replace(/:(\w+)(?:\([^)]*\))?/g, (_all, name) => {
    if (name === 'realm') return realmOf(random, world, method, route)
    if (name === 'protocol') return random.percent(90) ? 'openid-connect' : encode(hostileText(random))
    const known = random.percent(93) ? kinds[name]?.flatMap((kind) => world.ids[kind]) : world.allIds()
    const id =
      known === undefined || known.length === 0 || random.percent(8)
        ? hostileText(random)
        : random.pick(known)
    return encode(id)
  })
  return filled.replace(
    /\*$/,
    () => `group-by-path/${random.percent(60) ? 'staff/night' : encode(hostileText(random))}`,
  )
}

function realmOf(random, world, method, route) {
  // Without its realm a connection has nothing to do for the rest of the turn.
  if (method === 'DELETE' && route === '/admin/realms/:realm') {
    return random.percent(3) ? world.realm : encode(hostileText(random))
  }
  return random.weighted([
    [95, world.realm],
    [2, method === 'GET' ? 'master' : world.realm],
    [1, 'no-such-realm'],
    [2, encode(hostileText(random))],
  ])
}

function queryOf(random, world) {
  const pairs = Array.from({ length: 1 + random.below(3) }, () => {
    const name = random.percent(95) ? random.pick(Object.keys(queries)) : hostileText(random)
    const value = random.weighted([
      [60, () => random.pick(queries[name] ?? ['x'])],
      [30, () => hostileText(random)],
      [10, () => random.pick(world.allIds()) ?? ''],
    ])()
    return random.percent(96) ? `${encode(name)}=${encode(value)}` : `${encode(name)}[]=%zz&${encode(name)}`
  })
  return `?${pairs.join('&')}`
}

function authorization(random, world) {
  return random.weighted([
    [93, `Bearer ${world.adminToken}`],
    [3, `Bearer ${random.pick(world.tokens.access) ?? 'none'}`],
    [1, `Bearer ${random.pick(world.tokens.refresh) ?? 'none'}`],
    [1, `Bearer ${world.adminToken.slice(0, -3)}AAA`],
    [1, `bearer  ${headerText(hostileText(random))}`],
    [1, ''],
  ])
}

export function contentType(random) {
  return random.pick([
    'application/json;charset=utf-16',
    'application/json; charset="',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'application/xml',
    'x',
    '',
    ';',
    'application/json, text/html',
  ])
}

/** A valid header value. */
export function headerText(text) {
  return text
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
    .trim()
    .slice(0, 4_000)
}

function encode(text) {
  try {
    return encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}
