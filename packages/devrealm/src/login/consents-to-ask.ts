import type { AuthorizationRequest } from '../context/index.ts'
import type { User } from '../model/index.ts'
import { type ConsentItem, consentItems, grantScope, missingConsents } from '../oidc/index.ts'
import type { RealmStore } from '../store/index.ts'

/** What the consent page asks at this login: what is not granted yet, or everything for `prompt=consent`. */
export function consentsToAsk(
  realm: RealmStore,
  user: Readonly<User>,
  { clientId, scope, prompt }: AuthorizationRequest,
): ConsentItem[] {
  const client = realm.clientByName.get(clientId)
  if (client === undefined || !client.consentRequired) return []
  const granted = grantScope(realm, client, scope)
  return prompt.includes('consent')
    ? consentItems(realm, client, granted)
    : missingConsents(realm, user, client, granted)
}
