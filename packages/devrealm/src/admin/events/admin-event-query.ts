import type { AdminEvent } from '../../store/index.ts'
import { wildcardMatcher } from '../../text/index.ts'
import { AdminError, unforeseen } from '../errors.ts'
import { Query } from '../request/index.ts'

const operationTypes = new Set(['CREATE', 'UPDATE', 'DELETE', 'ACTION'])
const resourceTypes = new Set(
  `REALM REALM_ROLE REALM_ROLE_MAPPING REALM_SCOPE_MAPPING AUTH_FLOW AUTH_EXECUTION_FLOW AUTH_EXECUTION AUTHENTICATOR_CONFIG
  REQUIRED_ACTION IDENTITY_PROVIDER IDENTITY_PROVIDER_MAPPER PROTOCOL_MAPPER USER USER_LOGIN_FAILURE USER_SESSION
  USER_FEDERATION_PROVIDER USER_FEDERATION_MAPPER GROUP GROUP_MEMBERSHIP CLIENT CLIENT_INITIAL_ACCESS_MODEL CLIENT_ROLE
  CLIENT_ROLE_MAPPING CLIENT_SCOPE CLIENT_SCOPE_MAPPING CLIENT_SCOPE_CLIENT_MAPPING CLUSTER_NODE COMPONENT
  AUTHORIZATION_RESOURCE_SERVER AUTHORIZATION_RESOURCE AUTHORIZATION_SCOPE AUTHORIZATION_POLICY CUSTOM USER_PROFILE
  ORGANIZATION ORGANIZATION_MEMBERSHIP`.split(/\s+/),
)

/** The requested events by time: oldest first or, by default, newest first. */
export function findEvents(events: readonly AdminEvent[], query: Query): AdminEvent[] {
  const operations = listed(query, 'operationTypes', operationTypes)
  const resources = listed(query, 'resourceTypes', resourceTypes)
  const from = dateOf(query, 'dateFrom', 0)
  const to = dateOf(query, 'dateTo', 86_400_000 - 1)
  const direction = query.text('direction') ?? 'desc'
  if (direction !== 'asc' && direction !== 'desc') {
    throw new AdminError(400, { error: 'Invalid value for sortDirection, expected value is asc or desc' })
  }
  const path = query.text('resourcePath')
  const isPath = path === undefined || path === '' ? undefined : wildcardMatcher(path)
  const auth = (['Realm', 'Client', 'User'] as const).map(
    (name) =>
      [`${name.toLowerCase()}Id` as keyof AdminEvent['authDetails'], query.text(`auth${name}`)] as const,
  )
  const wanted = [...auth, ['ipAddress', query.text('authIpAddress')] as const].filter(
    ([, value]) => value !== undefined && value !== '',
  )
  const found = events.filter(
    (event) =>
      (operations === undefined || operations.has(event.operationType)) &&
      (resources === undefined || resources.has(event.resourceType)) &&
      (from === undefined || event.time >= from) &&
      (to === undefined || event.time <= to) &&
      (isPath === undefined || isPath(event.resourcePath ?? '')) &&
      wanted.every(([name, value]) => event.authDetails[name] === value),
  )
  const sorted = found.toSorted((a, b) => a.time - b.time)
  return query.page(direction === 'asc' ? sorted : sorted.toReversed(), 100)
}

/** @throws {AdminError} 500 for an unknown name, as in Keycloak */
function listed(query: Query, name: string, known: ReadonlySet<string>): Set<string> | undefined {
  const values = query.texts(name)
  if (values.length === 0) return undefined
  if (!values.every((value) => known.has(value))) throw unforeseen()
  return new Set(values)
}

/** A date (`dateTo` includes its last millisecond), or milliseconds since the epoch. */
function dateOf(query: Query, name: string, offset: number): number | undefined {
  const text = query.text(name)
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  const [year = 0, month = 0, day = 0] = /^\d{4}-\d{2}-\d{2}$/.test(text) ? text.split('-').map(Number) : []
  const date = new Date(year, month - 1, day)
  if (year > 0 && date.getMonth() === month - 1 && date.getDate() === day) return date.getTime() + offset
  throw new AdminError(400, {
    error: `Invalid value for '${name}', expected format is yyyy-MM-dd or an Epoch timestamp`,
  })
}
