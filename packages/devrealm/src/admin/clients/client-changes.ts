import { randomBytes, randomUUID } from 'node:crypto'
import { type RealmContext, seconds } from '../../context/realm-context.ts'
import { newClient } from '../../defaults/new-realm.ts'
import { flowsOf } from '../../flows/flow-store.ts'
import type { Client } from '../../model/index.ts'
import { rotated, rotationOf } from '../../oidc/clients/secret-rotation.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import type { ClientBody } from '../representations/fields.ts'
import { badRequest, conflict, duplicate, missing } from '../request/errors.ts'
import { newId } from '../request/ids.ts'
import { newMappers } from './protocol-mappers.ts'

/** Adds a client as `POST clients` does: what the body leaves out has Keycloak's defaults, a confidential client without a secret gets one. */
export function addClient(realm: RealmStore, body: ClientBody): Readonly<Client> {
  if (body.clientId === '') throw badRequest('invalid_input', 'Client ID cannot be blank')
  if ((body.id?.length ?? 0) > 36)
    throw badRequest('invalid_input', 'Client ID must not exceed 36 characters')
  checkClient(body)
  const isTaken = (): Error => conflict(`Client ${body.clientId ?? body.id} already exists`)
  const id = newId(realm.clients, body.id, isTaken)
  const clientId = body.clientId ?? id
  if (realm.clientByName.get(clientId) !== undefined) throw isTaken()
  const { protocolMappers, attributes, authenticationFlowBindingOverrides: flows, ...given } = settings(body)
  const { defaultDefaultClientScopes, defaultOptionalClientScopes } = realm.info
  const isOpenId = (name: string): boolean => realm.scopeByName.get(name)?.protocol === 'openid-connect'
  const client = newClient(clientId, {
    nodeReRegistrationTimeout: -1,
    ...given,
    id,
    clientId,
    attributes: { realm_client: 'false', ...withoutEmpty(attributes ?? {}) },
    authenticationFlowBindingOverrides: withoutEmpty(flows ?? {}),
    ...(protocolMappers === undefined ? {} : { protocolMappers: newMappers(protocolMappers, isTaken) }),
    defaultClientScopes: (body.defaultClientScopes ?? defaultDefaultClientScopes).filter(isOpenId),
    optionalClientScopes: (body.optionalClientScopes ?? defaultOptionalClientScopes).filter(isOpenId),
    scopeMappings: [],
    ...derivedOrigins(body, []),
  })
  return realm.clients.put(withServiceAccount(realm, withSecret(realm, client)))
}

/** Changes a client as `PUT clients/{id}` does: absent members stay, attributes are merged, an empty one is taken away. */
export function updateClient(
  realm: RealmStore,
  client: Readonly<Client>,
  body: ClientBody,
): Readonly<Client> {
  if (body.clientId === '') throw badRequest('invalid_input', 'Client ID cannot be blank')
  checkClient(body)
  requireKnownFlows(realm, body)
  if (
    body.clientId !== undefined &&
    body.clientId !== client.clientId &&
    realm.clientByName.get(body.clientId) !== undefined
  ) {
    throw duplicate()
  }
  const { protocolMappers, attributes, authenticationFlowBindingOverrides: flows, ...given } = settings(body)
  const { id: _id, defaultClientScopes: _default, optionalClientScopes: _optional, ...changes } = given
  const changed: Client = {
    ...client,
    ...changes,
    ...derivedOrigins(body, client.webOrigins),
    attributes: withoutEmpty({ ...client.attributes, ...attributes }),
    authenticationFlowBindingOverrides: withoutEmpty({
      ...client.authenticationFlowBindingOverrides,
      ...flows,
    }),
    ...registeredNodes(client, body),
    ...(protocolMappers === undefined
      ? {}
      : { protocolMappers: newMappers(protocolMappers, duplicate, client.protocolMappers) }),
  }
  return realm.clients.put(withServiceAccount(realm, withSecret(realm, changed)))
}

/** A new secret for a client: the old one ends with it, unless a client policy lets it live on for a time. */
export function renewSecret(context: RealmContext, realm: RealmStore, client: Readonly<Client>): string {
  const secret = newSecret()
  const rotation = rotationOf(context, realm, client)
  const attributes = rotated(client, client.secret, rotation, seconds(context))
  realm.clients.put({ ...client, secret, attributes })
  return secret
}

/** Nodes are only added: a PUT takes none away. */
function registeredNodes(client: Readonly<Client>, body: ClientBody): Partial<Client> {
  const { registeredNodes: given } = body as { registeredNodes?: Record<string, number> }
  if (given === undefined) return {}
  return { registeredNodes: { ...(client['registeredNodes'] as object | undefined), ...given } }
}

function requireKnownFlows(
  realm: RealmStore,
  { authenticationFlowBindingOverrides: flows = {} }: ClientBody,
): void {
  const ids = new Set(flowsOf(realm).flows.map(({ id }) => id))
  if (Object.values(withoutEmpty(flows)).some((id) => !ids.has(id))) throw missing()
}

type Body = ClientBody & Record<'access' | 'origin' | 'type' | 'defaultRoles', unknown>

/** Members of the body that a client has, without what says nothing about it. */
function settings(body: ClientBody): ClientBody {
  const { access: _access, origin: _origin, type: _type, defaultRoles: _roles, ...given } = body as Body
  return given
}

/** Web origins that nobody set follow from the redirect URIs, once. */
function derivedOrigins(body: ClientBody, before: readonly string[]): { webOrigins?: string[] } {
  if (body.redirectUris === undefined || body.webOrigins !== undefined || before.length > 0) return {}
  const origins = body.redirectUris.map((uri) => /^https?:\/\/[^/?#]+/.exec(uri)?.[0])
  return { webOrigins: [...new Set(origins.filter((origin) => origin !== undefined))] }
}

/** A confidential client has a secret, a public one has none. */
function withSecret(realm: RealmStore, client: Client): Client {
  const { secret, ...rest } = client
  if (client.publicClient) return rest as Client
  if (secret !== undefined) return client
  const time = String(Math.floor(realm.now() / 1000))
  return {
    ...rest,
    secret: newSecret(),
    attributes: { ...client.attributes, 'client.secret.creation.time': time },
  } as Client
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** 86 letters and digits, 512 bits, as Keycloak makes them. */
function newSecret(): string {
  let secret = ''
  while (secret.length < 86) {
    for (const byte of randomBytes(128)) {
      // 248 is the last multiple of 62 in a byte: beyond it some letters would come more often.
      if (byte < 248 && secret.length < 86) secret += letters[byte % 62]
    }
  }
  return secret
}

/** Makes, renames or removes the user that stands for the client. */
function withServiceAccount(realm: RealmStore, client: Client): Client {
  const account = realm.serviceAccount(client.id)
  const others = client.defaultClientScopes.filter((name) => name !== 'service_account')
  if (!client.serviceAccountsEnabled) {
    if (account !== undefined) realm.deleteUser(account.id)
    return { ...client, defaultClientScopes: others }
  }
  const username = `service-account-${client.clientId}`.toLowerCase()
  if (account === undefined) {
    realm.users.put({
      id: randomUUID(),
      username,
      enabled: true,
      emailVerified: false,
      createdTimestamp: realm.now(),
      requiredActions: [],
      notBefore: 0,
      credentials: [],
      roles: [realm.info.defaultRoleId],
      groups: [],
      serviceAccountClientId: client.id,
    })
  } else if (account.username !== username) {
    realm.users.put({ ...account, username })
  }
  const hasScope = realm.scopeByName.get('service_account') !== undefined
  return { ...client, defaultClientScopes: hasScope ? ['service_account', ...others] : others }
}

function withoutEmpty(attributes: Record<string, string | null>): Record<string, string> {
  const kept = Object.entries(attributes).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(kept) as Record<string, string>
}

function checkClient(body: ClientBody): void {
  const problems: string[] = []
  if (body.protocol !== undefined && !['openid-connect', 'saml', 'docker-v2'].includes(body.protocol)) {
    problems.push(`Invalid protocol: ${body.protocol}`)
  }
  const urls = { 'Root URL': body.rootUrl, 'Base URL': body.baseUrl, 'Admin URL': body.adminUrl }
  for (const [name, url] of Object.entries(urls)) {
    if (url === undefined || url === '') continue
    const isRelative = name !== 'Root URL' && url.startsWith('/')
    if (isIllegal(url)) problems.push(`${name} uses an illegal scheme`)
    else if (!isUri(url) || !(isRelative || hasHost(url))) problems.push(`${name} is not a valid URL`)
  }
  const redirects = body.redirectUris ?? []
  if (!redirects.every(isUri)) problems.push('A redirect URI is not a valid URI')
  if (redirects.some(isIllegal)) problems.push('A redirect URI uses an illegal scheme')
  if (problems.length > 0) throw badRequest('invalid_input', problems.join('; '))
}

/** A reference of RFC 3986, relative or not; placeholders such as `${authBaseUrl}` are filled in later. */
function isUri(text: string): boolean {
  const filled = text.replace(/\$\{[^{}]*\}/g, 'placeholder')
  if (/[\s<>"{}|\\^`]/.test(filled)) return false
  const scheme = /^([^/?#]*?):/.exec(filled)?.[1]
  return scheme === undefined || /^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)
}

/** Placeholders stand for addresses that have one. */
function hasHost(url: string): boolean {
  return /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]|\$\{auth(?:Base|Admin)Url\})/.test(url)
}

function isIllegal(uri: string): boolean {
  return /^(?:javascript|data|vbscript):/i.test(uri)
}
