import { randomBytes } from 'node:crypto'
import { createSessions, type SessionEngine, type SessionOptions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { Browser, toApp } from './browser.ts'
import { newKey } from './setup.ts'

/** True when the tests run on a real Keycloak. */
export const onKeycloak = Boolean(process.env['CONFORMANCE_SERVER'])

export const appUrl = 'http://localhost:8000'
export const appSecret = 's3cr3t/+&'

/** A realm of its own for one test file, on the embedded realm or, with `CONFORMANCE_SERVER`, on a real Keycloak. */
export interface LoginRealm {
  readonly issuer: string
  /** A request to the Admin API below this realm. */
  admin(method: string, path: string, body?: unknown): Promise<Response>
  /** Changes the client `app`. */
  changeClient(change: Record<string, unknown>): Promise<void>
  setPassword(username: string, password: string): Promise<void>
  /** Creates a user who may delete the own account. */
  addLeavingUser(username: string): Promise<void>
  close(): Promise<void>
}

const profile = { enabled: true, emailVerified: true, firstName: 'First', lastName: 'Last' }

/** Opens a realm with the client `app` and the users alice and robert, whose passwords are their names. */
export async function openLoginRealm(representation: Record<string, unknown> = {}): Promise<LoginRealm> {
  const { server, close } = await openServer()
  const name = `login-${randomBytes(5).toString('hex')}`
  const definition = {
    realm: name,
    enabled: true,
    clients: [
      {
        clientId: 'app',
        secret: appSecret,
        standardFlowEnabled: true,
        redirectUris: [`${appUrl}/auth/callback`],
        attributes: { 'post.logout.redirect.uris': `${appUrl}/##${appUrl}/goodbye` },
      },
    ],
    users: ['alice', 'robert'].map((username) => ({
      ...profile,
      username,
      email: `${username}@example.com`,
      credentials: [{ type: 'password', value: username }],
    })),
    ...representation,
  }
  const admin = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const form = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }
    const url = `${server}/realms/master/protocol/openid-connect/token`
    const granted = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token } = (await granted.json()) as { access_token: string }
    const response = await fetch(`${server}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  await admin('POST', '', definition)
  const find = async (path: string): Promise<{ readonly id: string; readonly attributes?: object }> => {
    const [found] = (await (await admin('GET', `/${name}${path}`)).json()) as { id: string }[]
    if (found === undefined) throw new Error(`Nothing at ${path}`)
    return found
  }
  return {
    issuer: `${server}/realms/${name}`,
    admin: (method, path, body) => admin(method, `/${name}${path}`, body),
    async changeClient(change) {
      const client = await find('/clients?clientId=app')
      const attributes = { ...client.attributes, ...(change['attributes'] as object) }
      await admin('PUT', `/${name}/clients/${client.id}`, { ...client, ...change, attributes })
    },
    async setPassword(username, value) {
      const { id } = await find(`/users?exact=true&username=${username}`)
      await admin('PUT', `/${name}/users/${id}/reset-password`, { type: 'password', value, temporary: false })
    },
    async addLeavingUser(username) {
      await admin('PUT', `/${name}/authentication/required-actions/delete_account`, {
        alias: 'delete_account',
        name: 'Delete Account',
        enabled: true,
      })
      const credentials = [{ type: 'password', value: username }]
      await admin('POST', `/${name}/users`, {
        ...profile,
        username,
        email: `${username}@example.com`,
        credentials,
      })
      const user = await find(`/users?exact=true&username=${username}`)
      const account = await find('/clients?clientId=account')
      const role = await admin('GET', `/${name}/clients/${account.id}/roles/delete-account`)
      const mappings = `/${name}/users/${user.id}/role-mappings/clients/${account.id}`
      await admin('POST', mappings, [await role.json()])
    },
    async close() {
      await admin('DELETE', `/${name}`)
      await close()
    },
  }
}

async function openServer(): Promise<{ server: string; close: () => Promise<void> }> {
  const server = process.env['CONFORMANCE_SERVER']?.replace(/\/+$/, '')
  if (server) return { server, close: async () => {} }
  const { createDevRealm } = await import('@cloakwright/devrealm')
  const embedded = await createDevRealm({ admin: { username: 'admin', password: 'admin' } })
  return { server: await embedded.listen(), close: () => embedded.close() }
}

/** A service of the realm's client, and browsers that use it. */
export function openService(realm: LoginRealm, options: Partial<SessionOptions> = {}) {
  const errors: Error[] = []
  const sessions: SessionEngine = createSessions({
    issuer: realm.issuer,
    clientId: 'app',
    ...(options.clientKey === undefined ? { clientSecret: appSecret } : {}),
    publicUrl: appUrl,
    keys: [newKey('k1')],
    store: memorySessionStore(),
    onError: (error) => errors.push(error),
    ...options,
  })
  return {
    errors,
    sessions /** A browser that also reaches other services, by their URLs. */,
    newBrowser(others: Readonly<Record<string, SessionEngine>> = {}) {
      const apps = Object.entries({ [appUrl]: sessions, ...others })
      return new Browser(Object.fromEntries(apps.map(([url, engine]) => [url, toApp(engine)])))
    },
  }
}

/** Sends the form of a page of the realm, and returns where it leads. */
export async function submit(
  browser: Browser,
  page: Response,
  fields: Record<string, string>,
): Promise<Response> {
  const html = await page.text()
  const [, action] = /<form[^>]*action="([^"]*)"/.exec(html) ?? []
  if (action === undefined)
    throw new Error(`No form: ${page.status} ${/<title>([^<]*)/.exec(html)?.[1] ?? html.slice(0, 60)}`)
  const url = new URL(action.replaceAll('&amp;', '&'), browser.visited.at(-1))
  return await browser.send(url.href, { method: 'POST', body: new URLSearchParams(fields) })
}

/** Opens a page of the service, signs in at the realm, and stops with the URL of its response. */
export async function toCallback(browser: Browser, user: string, url: string): Promise<string> {
  const response = await submit(browser, await browser.open(url), { username: user, password: user })
  return response.headers.get('location') ?? ''
}

/** Opens a page of the service, signs in at the realm, and returns to the page. */
export async function signIn(browser: Browser, user: string, url = `${appUrl}/page`): Promise<Response> {
  return await browser.open(await toCallback(browser, user, url))
}
