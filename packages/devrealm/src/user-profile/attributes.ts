import { type Attributes, type User, valuesIn } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import {
  declaredAttributes,
  isKeycloaksOwn,
  isOpen,
  isRootName,
  mayEdit,
  mayView,
  type ProfileRole,
  profileOf,
  type RootName,
} from './access.ts'

/**
 * A user's attributes after a change by an administrator: editable ones as given, all others unchanged. Unmanaged attributes
 * are hidden and kept, unless the realm's policy allows them.
 */
export function keptAttributes(realm: RealmStore, given: Attributes, before: Attributes = {}): Attributes {
  const declared = declaredAttributes(realm)
  const isGiven = (name: string): boolean => {
    const attribute = declared.find((each) => each.name === name)
    if (isKeycloaksOwn(name)) return false
    return attribute === undefined ? name !== 'locale' && isOpen(realm) : mayEdit(attribute, 'admin')
  }
  const names = new Set([...Object.keys(given), ...Object.keys(before)])
  const kept = [...names]
    .filter((name) => !isRootName(name))
    .map((name) => [name, valuesIn(isGiven(name) ? given : before, name).filter(isFilled)] as const)
    .filter(([, values]) => values.length > 0)
  return Object.fromEntries(kept)
}

/** Whether the profile lets an administrator, or the user, set the name or e-mail. */
export function isEditable(realm: RealmStore, name: RootName, role: ProfileRole = 'admin'): boolean {
  const attribute = declaredAttributes(realm).find((each) => each.name === name)
  return attribute === undefined ? name === 'username' : mayEdit(attribute, role)
}

/** Whether administrators can view the name or e-mail. */
export function isVisible(realm: RealmStore, name: RootName): boolean {
  const attribute = declaredAttributes(realm).find((each) => each.name === name)
  return attribute === undefined ? name === 'username' : mayView(attribute, 'admin')
}

/** The attributes that administrators can view. */
export function shownAttributes(realm: RealmStore, user: Readonly<User>): Attributes {
  const declared = declaredAttributes(realm)
  const unmanaged = unmanagedAttributes(realm, user)
  const shown = Object.entries(user.attributes ?? {}).filter(([name, values]) => {
    const attribute = declared.find((each) => each.name === name)
    const isSeen = attribute === undefined ? Object.hasOwn(unmanaged, name) : mayView(attribute, 'admin')
    return isSeen && values.some(isFilled)
  })
  return Object.fromEntries(shown)
}

/** Unmanaged attributes, if the realm's policy shows them. */
export function unmanagedAttributes(realm: RealmStore, user: Readonly<User>): Attributes {
  if (profileOf(realm).unmanagedAttributePolicy === undefined) return {}
  const declared = new Set(declaredAttributes(realm).map(({ name }) => name))
  const isHidden = (name: string): boolean => declared.has(name) || name === 'locale' || isKeycloaksOwn(name)
  return Object.fromEntries(Object.entries(user.attributes ?? {}).filter(([name]) => !isHidden(name)))
}

export function isFilled(value: string): boolean {
  return value.trim() !== ''
}
