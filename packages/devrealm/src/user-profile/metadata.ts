import type { User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { javaOrder } from '../text/index.ts'
import { isRootName, mayView, profileOf } from './access.ts'
import { isRequiredOf, isWritable } from './check.ts'
import type { ProfileAttribute } from './profile.ts'

/** The profile metadata for administrators, for an existing user or a new one. */
export function profileMetadata(realm: RealmStore, user?: Readonly<User>): Record<string, unknown> {
  const { attributes = [], groups = [] } = profileOf(realm)
  const shown = attributes.filter((attribute) => mayView(attribute, 'admin'))
  return { attributes: shown.map((attribute) => metadataOf(realm, attribute, user)), groups }
}

function metadataOf(
  realm: RealmStore,
  attribute: ProfileAttribute,
  user: Readonly<User> | undefined,
): Record<string, unknown> {
  const { name, annotations, group, multivalued = false } = attribute
  return {
    name,
    displayName: attribute.displayName ?? (isRootName(name) ? `\${${name}}` : name),
    required: isRequiredOf(realm, attribute, 'admin'),
    readOnly: !isWritable(realm, attribute, 'admin', user),
    ...(annotations === undefined ? {} : { annotations }),
    validators: shownValidators(attribute),
    ...(group === undefined ? {} : { group }),
    multivalued,
  }
}

/** Validators without options that Keycloak omits from the metadata. */
const unshown = ['not-blank', 'not-empty']

function shownValidators({
  validations = {},
  multivalued = false,
}: ProfileAttribute): Record<string, unknown> {
  const all: Record<string, unknown> = {
    ...(multivalued ? {} : { multivalued: { max: '1' } }),
    ...Object.fromEntries(
      Object.entries(validations).map(([name, options]) => [name, shownOptions(options)]),
    ),
  }
  const names = Object.keys(all).filter((name) => !unshown.includes(name))
  return Object.fromEntries(javaOrder(names).map((name) => [name, all[name]]))
}

function shownOptions(options: Record<string, unknown>): Record<string, unknown> {
  const all: Record<string, unknown> = { ...options, 'ignore.empty.value': true }
  const names = javaOrder(Object.keys(all), Object.keys(options).length > 2 ? 8 : 4)
  return Object.fromEntries(names.map((name) => [name, all[name]]))
}
