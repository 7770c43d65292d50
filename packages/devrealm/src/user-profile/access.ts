import type { RealmStore } from '../store/index.ts'
import type { Profile, ProfileAttribute } from './profile.ts'

/** The subjects of profile permissions: administrators (Admin API) and the user. */
export type ProfileRole = 'admin' | 'user'

export const rootNames = ['username', 'email', 'firstName', 'lastName'] as const
export type RootName = (typeof rootNames)[number]

export function isRootName(name: string): name is RootName {
  return rootNames.some((each) => each === name)
}

export function profileOf(realm: RealmStore): Profile {
  return realm.info.userProfile as Profile
}

/** The realm's attributes, with `locale` if the realm is internationalized: it is never declared. */
export function declaredAttributes(realm: RealmStore): readonly ProfileAttribute[] {
  const { attributes = [] } = profileOf(realm)
  if (realm.info['internationalizationEnabled'] !== true) return attributes
  if (attributes.some(({ name }) => name === 'locale')) return attributes
  return [...attributes, { name: 'locale', permissions: { view: ['admin'], edit: ['admin'] } }]
}

export function mayEdit({ name, permissions }: ProfileAttribute, role: ProfileRole): boolean {
  if (permissions === undefined) return name === 'username' || name === 'email'
  return (permissions.edit ?? []).includes(role)
}

/** Permission to edit includes view; without any view permission, no one else can view. */
export function mayView(attribute: ProfileAttribute, role: ProfileRole): boolean {
  return mayEdit(attribute, role) || (attribute.permissions?.view ?? []).includes(role)
}

/** Whether administrators may set unmanaged attributes. */
export function isOpen(realm: RealmStore): boolean {
  return ['ENABLED', 'ADMIN_EDIT'].includes(profileOf(realm).unmanagedAttributePolicy ?? '')
}

const ownNames = [
  'kerberos_principal',
  'ldap_id',
  'ldap_entry_dn',
  'created_timestamp',
  'createtimestamp',
  'modifytimestamp',
]

/** Attributes that only Keycloak writes. */
export function isKeycloaksOwn(name: string): boolean {
  return ownNames.includes(name.toLowerCase())
}
