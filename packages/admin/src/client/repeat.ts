import type { Operation } from './errors.ts'

/** Whether doing it twice leaves the same as doing it once, so that it may be sent again when no one knows whether it was done. */
export function mayRepeat({ method, name }: Operation, parameters: readonly unknown[]): boolean {
  if (method !== 'POST') return !once.has(name)
  const harmless = harmlessPosts.get(name)
  return harmless !== undefined && harmless(parameters)
}

/** By method they could be repeated (RFC 9110 §9.2.2), but each sends an e-mail. */
const once: ReadonlySet<string> = new Set([
  'users.executeActionsEmail',
  'users.sendVerifyEmail',
  'users.sendVerifiableCredentialOffer',
])

type Harmless = (parameters: readonly unknown[]) => boolean

const always: Harmless = () => true

/**
 * POSTs to which Keycloak responded twice in the same way, leaving the same state behind: recorded on 26.7.4. Every other POST
 * makes something new each time, or was not recorded.
 */
const harmlessPosts: ReadonlyMap<string, Harmless> = new Map<string, Harmless>([
  // What is mapped stays mapped: 204 again.
  ['users.addRealmRoleMappings', always],
  ['users.addClientRoleMappings', always],
  ['groups.addRealmRoleMappings', always],
  ['groups.addClientRoleMappings', always],
  ['roles.createComposite', always],
  ['clients.addRealmScopeMappings', always],
  ['clients.addClientScopeMappings', always],
  ['clientScopes.addRealmScopeMappings', always],
  ['clientScopes.addClientScopeMappings', always],
  // Who is logged out stays so; not-before moves on by the seconds in between.
  ['users.logout', always],
  ['realms.logoutAll', always],
  ['realms.pushRevocation', always],
  // With an id they move a group to where it may be already; without one they create it.
  ['groups.updateChildGroup', ([, group]) => has(group, 'id')],
  ['groups.updateRoot', ([group]) => has(group, 'id')],
  // One transaction: all of it was done, and is skipped now, or nothing was.
  ['realms.partialImport', ([payload]) => has(payload, 'rep') && isSkip(payload.rep)],
  // Reads only.
  ['realms.export', always],
])

function has<K extends string>(value: unknown, key: K): value is Readonly<Record<K, unknown>> {
  return (
    typeof value === 'object' && value !== null && (value as Readonly<Record<K, unknown>>)[key] !== undefined
  )
}

function isSkip(rep: unknown): boolean {
  return has(rep, 'ifResourceExists') && rep.ifResourceExists === 'SKIP'
}
