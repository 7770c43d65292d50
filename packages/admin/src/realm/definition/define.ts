import { CloakwrightError } from 'cloakwright'
import { type Check, list, map, object, type Problem } from '../../fields/index.ts'
import { client, clientScope, flow, group, requiredAction, role, user } from './define-objects.ts'
import { settings } from './define-settings.ts'
import type { RealmDefinition } from './model.ts'

/**
 * Declares a realm as data: checked at once, so that a mistake shows before anything is sent.
 *
 * @returns the same definition
 * @throws {CW_REALM_INVALID} with the JSON path of each mistake
 * @example
 * ```ts
 * import { defineRealm } from '@cloakwright/admin/realm'
 *
 * export default defineRealm({
 *   realm: 'shop',
 *   accessTokenLifespan: 300,
 *   roles: { realm: [{ name: 'admin' }, { name: 'user' }] },
 *   clients: [{ clientId: 'shop-api', redirectUris: ['https://shop.example.com/auth/callback'] }],
 * })
 * ```
 */
export function defineRealm(definition: RealmDefinition): RealmDefinition {
  const problems: Problem[] = []
  realm(definition, '$', problems)
  if (problems.length === 0) return definition
  const shown = problems.slice(0, 10).map(({ path, reason }) => `${path} ${reason}`)
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : []
  throw new CloakwrightError(
    'CW_REALM_INVALID',
    `The realm definition is invalid: ${[...shown, ...more].join('; ')}`,
    {
      hint: 'Correct the definition at these JSON paths. Nothing was sent to Keycloak.',
    },
  )
}

/** Keycloak puts the name into its URLs as it is. */
const realmName: Check = (value, path, problems) => {
  if (typeof value !== 'string' || !/^[\w.~-]+$/.test(value))
    problems.push({ path, reason: 'must contain only letters, digits, - . _ ~' })
}

const realm = object<RealmDefinition>(
  {
    ...settings,
    realm: realmName,
    roles: object<NonNullable<RealmDefinition['roles']>>({
      realm: list(role, 'name'),
      client: map(list(role, 'name')),
    }),
    clientScopes: list(clientScope, 'name'),
    clients: list(client, 'clientId'),
    groups: list(group, 'name'),
    users: list(user, 'username'),
    authenticationFlows: list(flow, 'alias'),
    requiredActions: list(requiredAction, 'alias'),
  },
  ['realm'],
)
