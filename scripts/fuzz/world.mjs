import { pbkdf2Sync } from 'node:crypto'

export const password = 'a-Password-1'
export const callback = 'https://app.example/callback'
export const secret = 'a-secret-of-the-fuzz-run'

/** One iteration: hashing time is not under test here. */
const credential = {
  type: 'password',
  secretData: JSON.stringify({
    value: pbkdf2Sync(password, 'salt', 1, 64, 'sha512').toString('base64'),
    salt: Buffer.from('salt').toString('base64'),
  }),
  credentialData: JSON.stringify({ hashIterations: 1, algorithm: 'pbkdf2-sha512' }),
}

const user = (username, more) => ({
  username,
  email: `${username}@example.com`,
  firstName: 'First',
  lastName: 'Last',
  enabled: true,
  credentials: [credential],
  ...more,
})

/** A realm with one of each kind of object. */
export function realmNamed(realm) {
  return {
    realm,
    enabled: true,
    accessTokenLifespan: 3600,
    adminEventsEnabled: true,
    roles: {
      realm: [{ name: 'reader' }, { name: 'writer', composite: true, composites: { realm: ['reader'] } }],
    },
    groups: [{ name: 'staff', subGroups: [{ name: 'night' }] }, { name: 'guests' }],
    clients: [
      {
        clientId: 'app',
        secret,
        redirectUris: [callback, 'http://localhost:3000/*'],
        webOrigins: ['+'],
        directAccessGrantsEnabled: true,
        serviceAccountsEnabled: true,
      },
      { clientId: 'page', publicClient: true, redirectUris: ['*'], directAccessGrantsEnabled: true },
    ],
    users: [
      user('alice', { realmRoles: ['writer'], groups: ['/staff'] }),
      user('bob', { clientRoles: { 'realm-management': ['view-users', 'query-groups'] } }),
      user('carol', { requiredActions: ['UPDATE_PASSWORD', 'UPDATE_PROFILE'] }),
      user('dave', { enabled: false }),
      user('erin', { requiredActions: ['CONFIGURE_TOTP'] }),
    ],
  }
}

/** What one connection knows about its realm: ids by kind, tokens, open forms. Old entries are dropped. */
export class World {
  /** @param {string} realm */
  constructor(realm) {
    this.realm = realm
    this.adminToken = ''
    this.ids = Object.fromEntries(
      ['user', 'group', 'role', 'roleName', 'client', 'clientId', 'scope', 'mapper', 'flow', 'execution']
        .concat(['config', 'action', 'component', 'session', 'credential'])
        .map((kind) => [kind, []]),
    )
    this.ids.clientId.push('app', 'page', 'account')
    this.tokens = { access: [], refresh: [], id: [] }
    this.codes = []
    /** Realms created by requests of this turn. */
    this.realms = new Set([realm])
    this.forms = []
    this.cookies = new Map()
    /** The last body of a GET, by route, for a PUT to change. */
    this.shown = new Map()
  }

  allIds() {
    return Object.values(this.ids).flat()
  }

  /** Collects from a response what later requests can refer to. */
  learn({ route, method, path }, { status, headers, body }) {
    for (const cookie of headers['set-cookie'] ?? []) this.#takeCookie(cookie)
    if (status === 302) this.#takeRedirect(headers.location ?? '')
    if (status === 201) {
      const made = decodeSafely(
        String(headers.location ?? '')
          .split('/')
          .at(-1),
      )
      if (route === '/admin/realms') this.realms.add(made)
      else keep(this.ids[kindOf(route)], made)
    }
    if (status !== 200) return
    if (/<form /.test(body)) this.#takeForm(body)
    const json = parse(body)
    if (typeof json !== 'object' || json === null) return
    if (route.endsWith('/token')) {
      keep(this.tokens.access, json.access_token)
      keep(this.tokens.refresh, json.refresh_token)
      keep(this.tokens.id, json.id_token)
    }
    if (method === 'GET' && route.startsWith('/admin/')) this.#takeIds(route, path, json)
  }

  cookieHeader() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  #takeIds(route, _path, json) {
    this.shown.set(route, json)
    const kind = kindOf(route)
    for (const each of Array.isArray(json) ? json.slice(0, 30) : [json]) {
      keep(this.ids[kind], each?.id)
      if (kind === 'role') keep(this.ids.roleName, each?.name)
      if (kind === 'client') keep(this.ids.clientId, each?.clientId)
      if (kind === 'flow' || kind === 'action') keep(this.ids[kind], each?.alias)
      if (kind === 'execution') keep(this.ids.config, each?.authenticationConfig)
    }
  }

  #takeCookie(cookie) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (name === undefined) return
    if (value === '') this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  #takeRedirect(location) {
    const code = /[?&#]code=([^&]+)/.exec(location)
    if (code !== null) keep(this.codes, decodeSafely(code[1]))
    else if (location.includes('/login-actions/'))
      keep(this.forms, { action: pathOf(location), method: 'GET' })
  }

  #takeForm(page) {
    const [, action] = /<form [^>]*action="([^"]*)"/.exec(page) ?? []
    if (action === undefined) return
    const fields = [...page.matchAll(/<input [^>]*name="([^"]*)"(?:[^>]*value="([^"]*)")?/g)]
    keep(this.forms, {
      action: pathOf(action.replaceAll('&amp;', '&')),
      method: 'POST',
      fields: fields.map(([, name, value = '']) => [name, value]),
    })
  }
}

/** The kind of object for the last segment of a Location, or the `id` of a list entry. */
function kindOf(route) {
  const named = [
    [/protocol-mappers|add-models/, 'mapper'],
    [/\/config$|\/config\//, 'config'],
    [/executions/, 'execution'],
    [/\/flows/, 'flow'],
    [/required-actions/, 'action'],
    [/credentials/, 'credential'],
    [/sessions/, 'session'],
    [/components|\/keys/, 'component'],
    [/client-scopes/, 'scope'],
    [/composites|scope-mappings|role-mappings|\/roles$|\/roles\/:roleName$|roles-by-id/, 'role'],
    [/groups|children/, 'group'],
    [/users|members|service-account-user/, 'user'],
    [/clients/, 'client'],
  ].find(([pattern]) => pattern.test(route))
  return named?.[1] ?? 'component'
}

const most = 40

function keep(list, value) {
  if (value === undefined || value === null || value === '' || list === undefined) return
  if (typeof value === 'string' && list.includes(value)) return
  list.push(value)
  if (list.length > most) list.shift()
}

function pathOf(url) {
  return url.replace(/^https?:\/\/[^/]+/, '')
}

function decodeSafely(text) {
  try {
    return decodeURIComponent(text ?? '')
  } catch {
    return text
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
