import { randomBytes } from 'node:crypto'
import type KcAdminClient from '@keycloak/keycloak-admin-client'
import { type AdminApi, openAdmin } from './admin.ts'
import { Browser } from './browser.ts'
import { type Reply, type Send, send } from './http.ts'
import { openTarget, type Target } from './target.ts'

type Created<Resource extends 'clients' | 'realms' | 'users'> = NonNullable<
  Parameters<KcAdminClient[Resource]['create']>[0]
>
type ClientRepresentation = Created<'clients'>
type RealmRepresentation = Created<'realms'>
type UserRepresentation = Created<'users'>

export const callbackUrl = 'https://app.example/callback'
export const appSecret = 'a-secret-for-tests'

/** A separate realm for one test file. */
export interface TestRealm {
  readonly target: Target
  readonly name: string
  /** `{server}/realms/{name}`, also the issuer. */
  readonly issuer: string
  /** `{issuer}/protocol/openid-connect` */
  readonly oidc: string
  readonly admin: AdminApi
  /** A request to the Admin API below this realm. */
  api(path: string, request?: Send): Promise<Reply>
  /** POST to the token endpoint. */
  token(form: Record<string, string>, request?: Send): Promise<Reply>
  browser(): Browser
  /** The URL that starts a login; a parameter '' is omitted. */
  authUrl(parameters?: Record<string, string>): string
  /** Creates a client; by default confidential, with {@link appSecret} and every flow enabled. Returns its internal id. */
  addClient(client: ClientRepresentation & { clientId: string }): Promise<string>
  /** Creates a complete user; by default the password is the user name. Returns its id. */
  addUser(username: string, user?: UserRepresentation & { roles?: string[] }): Promise<string>
  /** Deletes the realm and closes the target. */
  close(): Promise<void>
}

/** Creates a realm with a random name, the client `app` and the realm roles `admin` and `user`. */
export async function openRealm(representation: RealmRepresentation = {}): Promise<TestRealm> {
  const target = await openTarget()
  const name = `conformance-${randomBytes(5).toString('hex')}`
  const admin = openAdmin(target, name)
  await admin.client.realms.create({ realm: name, enabled: true, ...representation })
  admin.renew()
  const realm = toTestRealm(target, name, admin)
  for (const role of ['admin', 'user']) await admin.client.roles.create({ name: role })
  await realm.addClient({ clientId: 'app' })
  return realm
}

function toTestRealm(target: Target, name: string, admin: AdminApi): TestRealm {
  const issuer = `${target.server}/realms/${name}`
  const oidc = `${issuer}/protocol/openid-connect`
  const { client } = admin
  return {
    target,
    name,
    issuer,
    oidc,
    admin,
    api: (path, request) => admin.request(`/${name}${path}`, request),
    token: (form, request) => send(`${oidc}/token`, { form, ...request }),
    browser: () => new Browser(target.server),
    authUrl: (parameters = {}) => {
      const standard = {
        client_id: 'app',
        response_type: 'code',
        redirect_uri: callbackUrl,
        scope: 'openid',
        state: 'st',
      }
      const given = Object.entries({ ...standard, ...parameters }).filter(([, value]) => value !== '')
      return `${oidc}/auth?${new URLSearchParams(given)}`
    },
    addClient: async (options) => (await client.clients.create({ ...confidential, ...options })).id,
    addUser: async (username, { roles = [], ...options } = {}) => {
      const { id } = await client.users.create({ ...complete(username), ...options })
      const known = await Promise.all(roles.map((role) => client.roles.findOneByName({ name: role })))
      const mappings = known.map((role) => ({ id: role?.id ?? '', name: role?.name ?? '' }))
      if (mappings.length > 0) await client.users.addRealmRoleMappings({ id, roles: mappings })
      return id
    },
    close: async () => {
      await client.realms.del({ realm: name })
      await target.close()
    },
  }
}

const confidential: ClientRepresentation = {
  enabled: true,
  publicClient: false,
  secret: appSecret,
  redirectUris: [callbackUrl, 'https://app.example/deep/*'],
  webOrigins: ['https://app.example'],
  standardFlowEnabled: true,
  directAccessGrantsEnabled: true,
  serviceAccountsEnabled: true,
}

function complete(username: string): UserRepresentation {
  return {
    username,
    enabled: true,
    email: `${username}@example.org`,
    emailVerified: true,
    firstName: 'First',
    lastName: 'Last',
    credentials: [{ type: 'password', value: username, temporary: false }],
  }
}
