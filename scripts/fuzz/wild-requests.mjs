import { gzipSync } from 'node:zlib'
import { contentType, headerText } from './admin-requests.mjs'
import { hostileText, hostileValue, toBody } from './values.mjs'

const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'REPORT',
]
const paths = [
  '/',
  '//',
  '/realms',
  '/realms/',
  '/admin',
  '/admin/',
  '/admin/realms/',
  '/admin/realms//users',
  '/auth/realms/master',
  '/%',
  '/%zz',
  '/%00',
  '/%ff',
  '/realms/%2e%2e/x',
  '/realms/../admin',
  '/realms/master/',
  '/favicon.ico',
  '/robots.txt',
  '/health',
  '/metrics',
  '/?',
  '/?a=%',
  '/realms/master?a[b]=c',
  '/admin/serverinfo',
  '/admin/realms/master/..%2f..',
  '*',
  '/realms/master%2f',
  '/;a=b',
]

/** Any method, path, header and body, as from a broken client, a scanner or a proxy. */
export function wildRequest(random, world, routes) {
  const { path: route } = random.pick(routes)
  const known = route
    .replace(':realm', world.realm)
    .replace(/:(\w+)(?:\([^)]*\))?/g, () => random.pick(world.allIds()) ?? 'x')
    .replace('*', 'x')
  const path = random.percent(40)
    ? random.pick(paths)
    : random.percent(70)
      ? known
      : `${known}/${encodeSafely(hostileText(random))}`
  const method = random.pick(methods)
  const headers = random.percent(70) ? { authorization: `Bearer ${world.adminToken}` } : {}
  for (let time = random.below(3); time > 0; time -= 1) Object.assign(headers, oddHeader(random, world))
  const request = { method, route: `any ${route}`, path: printable(path), headers }
  if (random.percent(40) || method === 'GET' || method === 'HEAD' || method === 'TRACE') return request
  const body = toBody(random, hostileValue(random), 40)
  headers['content-type'] ??= random.percent(50) ? 'application/json' : contentType(random)
  if (!random.percent(5)) return { ...request, body }
  headers['content-encoding'] = random.pick(['gzip', 'br', 'x'])
  return { ...request, body: gzipSync(body) }
}

function oddHeader(random, world) {
  return random.weighted([
    [
      15,
      () => ({
        host: random.pick([
          'localhost',
          'evil.example',
          'localhost:1',
          'LOCALHOST',
          '[::1]',
          'a.localhost',
          'localhost.',
          '127.0.0.1:99999',
          'x y',
          '',
        ]),
      }),
    ],
    [
      10,
      () => ({
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        forwarded: 'host=evil.example',
      }),
    ],
    [
      10,
      () => ({
        cookie: headerText(
          `KEYCLOAK_IDENTITY=${hostileText(random)}; AUTH_SESSION_ID=${hostileText(random)}`,
        ),
      }),
    ],
    [10, () => ({ origin: headerText(hostileText(random)) })],
    [10, () => ({ accept: random.pick(['text/html', '*/*', 'x', 'application/jwt']) })],
    [10, () => ({ 'accept-language': headerText(hostileText(random)) })],
    [
      10,
      () => ({
        authorization: random.pick([
          'Bearer',
          'Bearer ',
          'Basic',
          'Basic !!!',
          'DPoP x',
          `Bearer ${world.adminToken} x`,
          `Bearer ${'a.'.repeat(500)}`,
        ]),
      }),
    ],
    [5, () => ({ 'content-type': contentType(random) })],
    [5, () => ({ 'x-long': 'x'.repeat(random.pick([1_000, 12_000])) })],
    [5, () => ({ 'access-control-request-method': 'POST', origin: 'https://app.example' })],
    [5, () => ({ expect: '100-continue' })],
    [5, () => ({ 'if-none-match': '*', range: 'bytes=0-1' })],
  ])()
}

function printable(path) {
  return path.replace(/[^\x21-\x7e]/g, (char) => encodeSafely(char))
}

function encodeSafely(text) {
  try {
    return encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}
