import { randomUUID } from 'node:crypto'
import type { Client } from '../../model/index.ts'
import { deleteUser, type RealmStore } from '../../store/index.ts'

/** Creates, renames or removes the service account of the client. */
export function withServiceAccount(realm: RealmStore, client: Client): Client {
  const account = realm.serviceAccount(client.id)
  const others = client.defaultClientScopes.filter((name) => name !== 'service_account')
  if (!client.serviceAccountsEnabled) {
    if (account !== undefined) deleteUser(realm, account.id)
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
