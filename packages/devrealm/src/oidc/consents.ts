import type { Client, User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { OidcError } from './errors.ts'
import type { GrantedScope } from './scopes.ts'

/** What a user can grant a client: a client scope, or the client itself. */
export interface ConsentItem {
  readonly id: string
  readonly name: string
  /** Keycloak's message key, or text. */
  readonly text: string
}

/** What the consent page can show for this scope. */
export function consentItems(
  realm: RealmStore,
  client: Readonly<Client>,
  scope: GrantedScope,
): ConsentItem[] {
  // Without organizations their scope has no effect.
  const scopes = scope.clientScopes.filter(
    ({ name, attributes }) =>
      (attributes['display.on.consent.screen'] ?? 'true') === 'true' &&
      (name !== 'organization' || realm.info.organizationsEnabled === true),
  )
  const items = scopes.map(({ id, name, attributes }) => ({
    id,
    name,
    text: attributes['consent.screen.text'] || name,
  }))
  if (client.attributes['display.on.consent.screen'] !== 'true') return items
  const { id, clientId: name, attributes } = client
  return [...items, { id, name, text: attributes['consent.screen.text'] || name }]
}

/** What the user has not granted yet; nothing for a client that requires no consent. */
export function missingConsents(
  realm: RealmStore,
  user: Readonly<User>,
  client: Readonly<Client>,
  scope: GrantedScope,
): ConsentItem[] {
  if (!client.consentRequired) return []
  const granted = user.consents?.[client.id]?.granted ?? []
  return consentItems(realm, client, scope).filter(({ id }) => !granted.includes(id))
}

/** @throws {OidcError} invalid_scope if the user no longer grants the client this scope */
export function requireConsent(
  realm: RealmStore,
  user: Readonly<User>,
  client: Readonly<Client>,
  scope: GrantedScope,
): void {
  if (missingConsents(realm, user, client, scope).length === 0) return
  throw new OidcError(400, 'invalid_scope', 'Client no longer has requested consent from user')
}

/** Stores what the user grants, with earlier grants. `now` in milliseconds. */
export function addConsent(
  realm: RealmStore,
  user: Readonly<User>,
  client: Readonly<Client>,
  items: readonly ConsentItem[],
  now: number,
): void {
  const before = user.consents?.[client.id]
  const granted = [...new Set([...(before?.granted ?? []), ...items.map(({ id }) => id)])]
  const consent = { granted, createdDate: before?.createdDate ?? now, lastUpdatedDate: now }
  realm.users.put({ ...user, consents: { ...user.consents, [client.id]: consent } })
}

/** Removes what the user granted the client. False if there is nothing. */
export function removeConsent(realm: RealmStore, user: Readonly<User>, clientId: string): boolean {
  const { [clientId]: removed, ...consents } = user.consents ?? {}
  if (removed !== undefined) realm.users.put({ ...user, consents })
  return removed !== undefined
}
