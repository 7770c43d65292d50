import type KeycloakAdminClient from '@keycloak/keycloak-admin-client'
import Resource from '@keycloak/keycloak-admin-client/lib/resources/resource.js'
import type { Page } from './pages.ts'
import type { GroupRepresentation } from './representations.ts'

type Groups<Role> = (payload: Role & Page & { readonly realm: string }) => Promise<GroupRepresentation[]>

/** The groups that a role is mapped to: the official client has no function for them. */
export class RoleGroups extends Resource<{ realm?: string }> {
  readonly find: Groups<{ readonly name: string }> = this.makeRequest({
    method: 'GET',
    path: '/roles/{name}/groups',
    urlParamKeys: ['name'],
  })

  readonly findOfClient: Groups<{ readonly id: string; readonly name: string }> = this.makeRequest({
    method: 'GET',
    path: '/clients/{id}/roles/{name}/groups',
    urlParamKeys: ['id', 'name'],
  })

  constructor(client: KeycloakAdminClient) {
    super(client, {
      path: '/admin/realms/{realm}',
      getUrlParams: () => ({ realm: client.realmName }),
      getBaseUrl: () => client.baseUrl,
    })
  }
}
