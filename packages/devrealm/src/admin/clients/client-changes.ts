import { newClient } from '../../defaults/index.ts'
import { flowsOf } from '../../flows/index.ts'
import type { Client } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { badRequest, conflict, duplicate, missing } from '../errors.ts'
import { newId } from '../ids.ts'
import type { ClientBody } from '../representations/index.ts'
import { checkClient } from './client-checks.ts'
import { withSecret } from './client-secrets.ts'
import { newMappers } from './protocol-mapper-changes.ts'
import { withServiceAccount } from './service-account.ts'

/**
 * Adds a client as `POST clients` does: missing members get Keycloak's defaults, and a confidential client without a secret
 * gets one.
 */
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

/** Changes a client as `PUT clients/{id}` does: absent members stay, attributes are merged, an empty one is removed. */
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

/** Nodes are only added: a PUT removes none. */
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

/** The members of the body that a client has. */
function settings(body: ClientBody): ClientBody {
  const { access: _access, origin: _origin, type: _type, defaultRoles: _roles, ...given } = body as Body
  return given
}

/** Web origins that are not set are derived from the redirect URIs, once. */
function derivedOrigins(body: ClientBody, before: readonly string[]): { webOrigins?: string[] } {
  if (body.redirectUris === undefined || body.webOrigins !== undefined || before.length > 0) return {}
  const origins = body.redirectUris.map((uri) => /^https?:\/\/[^/?#]+/.exec(uri)?.[0])
  return { webOrigins: [...new Set(origins.filter((origin) => origin !== undefined))] }
}

function withoutEmpty(attributes: Record<string, string | null>): Record<string, string> {
  const kept = Object.entries(attributes).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(kept) as Record<string, string>
}
