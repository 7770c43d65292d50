import { contentType, headerText } from './admin-requests.mjs'
import {
  client,
  introspectRequest,
  protocol,
  revokeRequest,
  token,
  tokenRequest,
  userinfoRequest,
  userNames,
} from './token-requests.mjs'
import { hostileText } from './values.mjs'
import { callback, password } from './world.mjs'

/** A request to an OpenID Connect endpoint or a login page; together they form complete logins. */
export function loginRequest(random, world) {
  const request = random.weighted([
    [22, tokenRequest],
    [16, authRequest],
    [26, formRequest],
    [8, userinfoRequest],
    [8, introspectRequest],
    [5, revokeRequest],
    [7, logoutRequest],
    [4, actionRequest],
    [4, documentRequest],
  ])(random, world)
  const realm = random.percent(97) ? world.realm : random.pick(['master', 'none', encodeURIComponent('a/b')])
  const { fields, query, route } = request
  const path = (request.path ?? route).replace(':realm', realm)
  const headers = { ...request.headers }
  if (world.cookies.size > 0 && random.percent(95)) headers.cookie = cookies(random, world)
  if (random.percent(15))
    headers.origin = random.pick(['https://app.example', 'null', 'http://localhost:3000', 'x'])
  const search = query === undefined ? '' : `?${form(random, query)}`
  if (fields === undefined) return { method: request.method, route, path: path + search, headers }
  headers['content-type'] = random.percent(96) ? 'application/x-www-form-urlencoded' : contentType(random)
  return {
    method: request.method,
    route,
    path: path + search,
    headers,
    body: Buffer.from(form(random, fields)),
  }
}

/** Form-encoded; sometimes with a missing, duplicate or invalid parameter. */
function form(random, fields) {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined)
  if (random.percent(30) && pairs.length > 0) {
    const at = random.below(pairs.length)
    random.weighted([
      [50, () => (pairs[at] = [pairs[at][0], hostileText(random)])],
      [20, () => pairs.splice(at, 1)],
      [15, () => pairs.push(pairs[at])],
      [
        10,
        () =>
          pairs.push([
            random.pick(['request', 'request_uri', '__proto__', 'claims', 'max_age', 'acr_values']),
            hostileText(random),
          ]),
      ],
      [5, () => (pairs[at] = [hostileText(random), pairs[at][1]])],
    ])()
  }
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()
  return random.percent(3) ? `${text}&%zz=%ff%00&=&&a` : text
}

function cookies(random, world) {
  const header = world.cookieHeader()
  return random.percent(92)
    ? header
    : random.pick([
        `${header}; ${header}`,
        header.replaceAll('.', ''),
        'KEYCLOAK_IDENTITY=a.b.c',
        ';;=;',
        headerText(hostileText(random)),
      ])
}

function authRequest(random) {
  const given = {
    client_id: random.percent(60) ? 'app' : 'page',
    redirect_uri: random.percent(90)
      ? callback
      : random.pick([
          'http://localhost:3000/x',
          'https://evil.example',
          'https://app.example/callback/../x',
          'https://a@app.example/callback',
          '*',
          '//x',
        ]),
    response_type: random.percent(92)
      ? 'code'
      : random.pick(['token', 'id_token', 'code id_token', 'none', 'code code']),
    scope: 'openid',
    state: random.word(),
    nonce: random.word(),
    prompt: random.percent(15)
      ? random.pick(['none', 'login', 'consent', 'none login', 'select_account'])
      : undefined,
    response_mode: random.percent(15)
      ? random.pick(['query', 'fragment', 'form_post', 'jwt', 'x'])
      : undefined,
    max_age: random.percent(8) ? random.pick(['0', '-1', '1', '99999999999', 'x']) : undefined,
    login_hint: random.percent(10) ? hostileText(random) : undefined,
    code_challenge: random.percent(10) ? random.pick(['a'.repeat(43), 'x']) : undefined,
    code_challenge_method: random.percent(10) ? random.pick(['S256', 'plain', 'x']) : undefined,
    kc_action: random.percent(5) ? random.pick(['UPDATE_PASSWORD', 'none']) : undefined,
  }
  const route = `${protocol}/auth`
  return random.percent(85)
    ? { method: 'GET', route, query: given }
    : { method: 'POST', route, fields: given }
}

/** Sends the last form shown, mostly like a user. */
function formRequest(random, world) {
  const shown = random.percent(85) ? world.forms.at(-1) : random.pick(world.forms)
  if (shown === undefined) return authRequest(random)
  const route = '/realms/:realm/login-actions'
  if (shown.method === 'GET' || random.percent(5)) return { method: 'GET', route, path: shown.action }
  const fields = Object.fromEntries(
    shown.fields.map(([name, value]) => [name, fieldValue(random, name, value)]),
  )
  return { method: 'POST', route, path: shown.action, fields }
}

function fieldValue(random, name, value) {
  if (random.percent(6)) return hostileText(random)
  if (name === 'username') return random.pick(userNames)
  // Each new password costs an Argon2 hash of 10 ms.
  if (name.startsWith('password-')) return random.percent(30) ? password : value
  if (name === 'password') return random.percent(85) ? password : 'wrong'
  if (name === 'otp' || name === 'totp') return '123456'
  if (name === 'email') return 'carol@example.com'
  return value
}

function logoutRequest(random, world) {
  const route = `${protocol}/logout`
  const fields = random.percent(40)
    ? { refresh_token: token(random, world, 'refresh'), ...client(random).fields }
    : {
        id_token_hint: token(random, world, 'id'),
        client_id: random.pick(['app', undefined]),
        post_logout_redirect_uri: random.pick([callback, undefined, 'https://evil.example']),
        state: 's',
      }
  return random.percent(50) ? { method: 'POST', route, fields } : { method: 'GET', route, query: fields }
}

function actionRequest(random) {
  const action = random.pick([
    'authenticate',
    'required-action',
    'restart',
    'none',
    'action-token',
    'reset-credentials',
  ])
  const route = `/realms/:realm/login-actions/${action}`
  const query = {
    session_code: 'x',
    execution: random.pick(['UPDATE_PASSWORD', 'x']),
    client_id: random.pick(['app', 'page', 'none']),
    tab_id: 'x',
    client_data: random.pick([
      hostileText(random),
      Buffer.from('{"ru":"https://app.example/callback","rt":"code"}').toString('base64url'),
      Buffer.from('null').toString('base64url'),
      Buffer.from('{"ru":1,"st":{}}').toString('base64url'),
    ]),
  }
  return random.percent(50)
    ? { method: 'GET', route, query }
    : { method: 'POST', route, query, fields: { username: 'alice', password } }
}

function documentRequest(random) {
  const route = random.pick([
    '',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server',
    '/protocol/openid-connect/certs',
    '/account',
    '/protocol/openid-connect/3p-cookies/step1.html',
    '/protocol/openid-connect/login-status-iframe.html',
  ])
  return {
    method: random.pick(['GET', 'GET', 'HEAD', 'OPTIONS', 'POST']),
    route: `/realms/:realm${route}`,
    headers: {},
  }
}
