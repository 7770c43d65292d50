import { CloakwrightError } from '../errors.ts'
import type { PermissionRequest } from '../policy/index.ts'

/** The options of the old enforcer. */
export interface EnforcerOptions {
  /** The client whose authorization settings decide; the service’s own by default. */
  readonly resource_server_id?: string | undefined
  /** Only `permissions`, the default: Keycloak is asked, and the token does not change. */
  readonly response_mode?: 'permissions' | undefined
}

/**
 * Parses the old adapter’s names of permissions: `orders:read` is the scope `read` of the resource `orders`, `orders` a
 * resource without scopes. **All** of them are required. Only the first colon counts.
 *
 * @throws {CW_CONFIG_INVALID} No permission, or options that are not supported.
 */
export function parsePermissions(
  names: unknown,
  options: EnforcerOptions,
): [PermissionRequest, ...PermissionRequest[]] {
  const { resource_server_id: _client, response_mode: mode = 'permissions', ...more } = options
  if (mode !== 'permissions' || Object.keys(more).length > 0)
    throw invalid(
      'resource_server_id is the only option',
      'Remove the others: claims and tokens with permissions are not supported.',
    )
  const list: readonly unknown[] = Array.isArray(names) ? names : [names]
  const scopes = new Map<string, string[]>()
  for (const name of list) {
    const text = typeof name === 'string' ? name : ''
    const colon = text.indexOf(':')
    const resource = colon === -1 ? text : text.slice(0, colon)
    if (resource === '' || colon === text.length - 1)
      throw invalid('not the name of a permission', 'Write RESOURCE:SCOPE or RESOURCE.')
    const known = scopes.get(resource) ?? []
    if (colon !== -1) known.push(text.slice(colon + 1))
    scopes.set(resource, known)
  }
  const [first, ...others] = [...scopes].map(([resource, named]) => ({ resource, scopes: named }))
  if (first === undefined)
    throw invalid('no permission was passed', 'Use protect() for routes that need none.')
  return [first, ...others]
}

function invalid(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `keycloak-connect: enforcer(): ${why}`, { hint })
}
