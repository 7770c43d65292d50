/**
 * The roles of realm-management that a request of the Admin API needs, recorded role by role on Keycloak 26.7.4. Of each
 * pair `view-…` and `manage-…` the second does for the first.
 */

type Roles = readonly string[]

/** What reads and what writes below a path needs; all of a list. */
interface Rule {
  /** Behind `/admin/realms/{realm}`. */
  readonly path: RegExp
  readonly read?: Roles
  readonly write?: Roles
  /** What a write needs in addition, by its kind. */
  readonly also?: string
}

const users = { read: ['view-users'], write: ['manage-users'] }
const realm = { read: ['view-realm'], write: ['manage-realm'] }
const clients = { read: ['view-clients'], write: ['manage-clients'] }
const events = { read: ['view-events'], write: ['manage-events'] }

/** The first that fits. */
const rules: readonly Rule[] = [
  { path: /^\/users\/profile$/, read: ['view-users'], write: ['manage-realm'] },
  { path: /^\/users\/[^/]+\/impersonation$/, write: ['impersonation'] },
  {
    path: /^\/(?:users|groups)\/[^/]+\/role-mappings\/clients\/[^/]+(?:\/composite)?$/,
    read: ['view-users', 'view-clients'],
    write: users.write,
  },
  { path: /^\/(?:users|groups|group-by-path|attack-detection|sessions|logout-all)(?:\/|$)/, ...users },
  { path: /^\/roles\/[^/]+\/(?:users|groups)$/, read: ['view-realm', 'view-users'] },
  { path: /^\/clients\/[^/]+\/roles\/[^/]+\/(?:users|groups)$/, read: ['view-clients', 'view-users'] },
  {
    path: /^\/clients\/[^/]+\/roles\/[^/]+\/composites$/,
    ...clients,
    also: 'manage-realm for a realm role',
  },
  { path: /^\/roles\/[^/]+\/composites$/, ...realm, also: 'manage-clients for a client role' },
  { path: /^\/clients\/[^/]+\/evaluate-scopes\//, read: ['view-clients', 'view-users'] },
  {
    path: /^\/(?:clients|client-scopes|default-(?:default|optional)-client-scopes|clients-initial-access)(?:\/|$)/,
    ...clients,
  },
  { path: /^\/(?:admin-)?events(?:\/|$)/, ...events },
  {
    path: /^\/identity-provider(?:\/|$)/,
    read: ['view-identity-providers'],
    write: ['manage-identity-providers'],
  },
  { path: /^\/(?:partial-export|partialImport)$/, write: ['manage-realm'] },
  {
    path: /^(?:\/(?:roles|default-groups|authentication|client-policies|components|keys|client-session-stats|localization)(?:\/|$)|$)/,
    ...realm,
  },
]

/** The next step of a request that was refused with 403; undefined where no role of a realm is known for it. */
export function rolesHint(method: string, pathname: string): string | undefined {
  const [, name = '', path = ''] = /\/admin\/realms\/([^/]+)(.*?)\/?$/.exec(pathname) ?? []
  if (name === '') {
    if (pathname.endsWith('/admin/serverinfo'))
      return 'Give the administrator or service account a role of the client realm-management, for example view-realm.'
    return /\/admin\/realms\/?$/.test(pathname)
      ? 'Give the administrator the role create-realm or admin of the realm master.'
      : undefined
  }
  const isRead = method === 'GET' || method === 'HEAD'
  const roles = path.startsWith('/roles-by-id/') ? byId(isRead, path) : listed(isRead, path)
  if (roles === undefined) return undefined
  return `Give the administrator or service account ${roles} of the client realm-management. For an administrator of the realm master, the client is ${decode(name)}-realm.`
}

function listed(isRead: boolean, path: string): string | undefined {
  const rule = rules.find((each) => each.path.test(path))
  const roles = isRead ? rule?.read : rule?.write
  if (rule === undefined || roles === undefined) return undefined
  return isRead || rule.also === undefined ? named(roles) : `${named(roles)} (also ${rule.also})`
}

/** The id does not say whose role it is. */
function byId(isRead: boolean, path: string): string {
  if (isRead) return `${named(realm.read)} (for a client role: ${clients.read.join()})`
  const both = path.endsWith('/composites') ? '; both for a composite of realm and client roles' : ''
  return `${named(realm.write)} (for a client role: ${clients.write.join()}${both})`
}

function named(roles: Roles): string {
  return `the role${roles.length === 1 ? '' : 's'} ${roles.join(' and ')}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
