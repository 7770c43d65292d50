import { type User, valuesIn } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'

/** Values of a user attribute; as in Keycloak, the user's own fields count as attributes. */
export function userAttribute(
  realm: RealmStore,
  user: Readonly<User>,
  name: string,
  aggregate = false,
): string[] {
  if (name === 'username' || name === 'email' || name === 'firstName' || name === 'lastName') {
    const value = user[name]
    return value === undefined || value === '' ? [] : [value]
  }
  const values = [...valuesIn(user.attributes, name)]
  if (values.length > 0 && !aggregate) return values
  for (const id of user.groups) {
    for (const group of realm.groupLine(realm.groups.get(id))) {
      const inherited = Object.hasOwn(group.attributes, name) ? group.attributes[name] : undefined
      if (inherited !== undefined) {
        values.push(...inherited)
        if (!aggregate) return values
      }
    }
  }
  return values
}

/** The user's groups by path (`/parent/child`) or by name. */
export function groupNames(realm: RealmStore, user: Readonly<User>, fullPath: boolean): string[] {
  return user.groups.flatMap((id) => {
    const group = realm.groups.get(id)
    if (group === undefined) return []
    return [fullPath ? realm.groupPath(group) : group.name]
  })
}

/**
 * Converts a mapper's result to the claim value of the configured type. `undefined` without a value, or if the string does not
 * have that type.
 */
export function toClaimValue(value: unknown, config: Record<string, string>): unknown {
  const values = (Array.isArray(value) ? value : [value]).filter(
    (each) => each !== undefined && each !== null,
  )
  const type = config['jsonType.label'] ?? 'String'
  const converted = values.map((each) => convert(String(each), type)).filter((each) => each !== undefined)
  if (converted.length === 0) return undefined
  return config.multivalued === 'true' ? converted : converted[0]
}

function convert(text: string, type: string): unknown {
  switch (type) {
    case 'boolean':
      return text.toLowerCase() === 'true'
    case 'int':
    case 'long':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
    case 'JSON':
      try {
        return JSON.parse(text) as unknown
      } catch {
        return undefined
      }
    default:
      return text
  }
}
