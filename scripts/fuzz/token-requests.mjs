import { headerText } from './admin-requests.mjs'
import { hostileText } from './values.mjs'
import { callback, password, secret } from './world.mjs'

export const protocol = '/realms/:realm/protocol/openid-connect'

/** Client authentication in the form or in the header. */
export function client(random) {
  const id = random.weighted([
    [80, 'app'],
    [15, 'page'],
    [3, 'account'],
    [2, 'realm-management'],
  ])
  if (id !== 'app') return { fields: { client_id: id } }
  const right = random.percent(92) ? secret : hostileText(random)
  if (random.percent(50)) return { fields: { client_id: id, client_secret: right } }
  const pair = random.percent(95)
    ? `${id}:${encodeURIComponent(right.toWellFormed?.() ?? 'x')}`
    : random.pick(['', ':', 'app', 'a:b:c', '%:%'])
  return { fields: {}, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

export const userNames = ['alice', 'bob', 'carol', 'dave', 'erin', 'nobody', 'alice@example.com']

export function tokenRequest(random, world) {
  const { fields: proof, headers } = client(random)
  const scope = random.percent(40)
    ? random.pick(['openid', 'openid offline_access', 'none', '', 'openid  profile', 'roles __proto__'])
    : undefined
  const grant = random.weighted([
    [
      25,
      () => ({
        grant_type: 'password',
        username: random.pick(userNames),
        password: random.percent(90) ? password : 'wrong',
      }),
    ],
    [15, () => ({ grant_type: 'client_credentials' })],
    [25, () => ({ grant_type: 'refresh_token', refresh_token: token(random, world, 'refresh') })],
    [
      30,
      () => ({
        grant_type: 'authorization_code',
        code: random.pick(world.codes) ?? 'none',
        redirect_uri: callback,
        code_verifier: random.percent(20) ? 'a'.repeat(43) : undefined,
      }),
    ],
    [
      5,
      () => ({
        grant_type: random.pick([
          'urn:ietf:params:oauth:grant-type:token-exchange',
          'urn:ietf:params:oauth:grant-type:device_code',
          'implicit',
          '__proto__',
          'urn:ietf:params:oauth:grant-type:jwt-bearer',
          'urn:ietf:params:oauth:grant-type:uma-ticket',
        ]),
        subject_token: token(random, world, 'access'),
      }),
    ],
    [
      5,
      () => ({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: random.percent(50) ? token(random, world, 'id') : hostileText(random),
      }),
    ],
  ])()
  return { method: 'POST', route: `${protocol}/token`, headers, fields: { ...grant, ...proof, scope } }
}

export function token(random, world, kind) {
  const known = random.percent(85) ? world.tokens[kind] : Object.values(world.tokens).flat()
  const text = random.pick(known) ?? 'none'
  return random.percent(93)
    ? text
    : random.pick([
        `${text.slice(0, -4)}AAAA`,
        text.slice(0, 40),
        `${text}.`,
        hostileText(random),
        text.replace(/\.[^.]*$/, '.'),
        'eyJhbGciOiJub25lIn0.e30.',
        'e30.e30.e30',
        'bnVsbA.bnVsbA.x',
      ])
}

export function userinfoRequest(random, world) {
  const bearer = headerText(token(random, world, 'access'))
  const route = `${protocol}/userinfo`
  if (random.percent(80))
    return {
      method: 'GET',
      route,
      headers: { authorization: random.percent(97) ? `Bearer ${bearer}` : `DPoP ${bearer}` },
    }
  return { method: 'POST', route, headers: {}, fields: { access_token: token(random, world, 'access') } }
}

export function introspectRequest(random, world) {
  const { fields, headers } = client(random)
  const kind = random.pick(['access', 'refresh', 'id'])
  return {
    method: 'POST',
    route: `${protocol}/token/introspect`,
    headers,
    fields: {
      token: token(random, world, kind),
      token_type_hint: random.pick([undefined, 'access_token', 'refresh_token', 'x']),
      ...fields,
    },
  }
}

export function revokeRequest(random, world) {
  const { fields, headers } = client(random)
  return {
    method: 'POST',
    route: `${protocol}/revoke`,
    headers,
    fields: { token: token(random, world, random.pick(['access', 'refresh'])), ...fields },
  }
}
