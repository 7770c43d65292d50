import { optionFaults } from './option-faults.ts'
import type { Profile, ProfileAttribute } from './profile.ts'

/** Keycloak 26.7's validators, including the implicit ones. */
const validators: ReadonlySet<string> = new Set(
  `up-duplicate-did pattern organization-member-validator up-readonly-attribute-unchanged integer
  up-brokering-federated-username-has-value up-attribute-required-by-metadata-value up-registration-email-as-username-email-value
  username-prohibited-characters up-blank-attribute-value options up-email-exists-as-username up-username-has-value email
  up-registration-email-as-username-username-value person-name-prohibited-characters up-duplicate-username not-blank double
  multivalued length up-immutable-attribute up-registration-username-exists up-duplicate-email iso-date uri up-username-mutation
  not-empty up-username-not-idn-homograph local-date`.split(/\s+/),
)

/**
 * The problems of a new user profile, with Keycloak's messages: a stored profile is used at each write of a user.
 *
 * @param scopes Names of the realm's client scopes; omitted by an import, which adds them later.
 */
export function profileConfigProblems(
  { attributes = [], groups = [], ...rest }: Profile,
  scopes?: readonly string[],
): string[] {
  const problems: string[] = []
  if ('attributes' in rest || attributes.length > 0) problems.push(...missingNames(attributes))
  const nameless = groups.filter(({ name }) => name === undefined || name === '').length
  if (nameless > 0) {
    problems.push(`Name is mandatory for groups, found ${nameless} group(s) without name.`)
  }
  const seen = new Set<string>()
  for (const attribute of attributes) {
    const { name } = attribute as Partial<ProfileAttribute>
    if (name === undefined || name.trim() === '') {
      problems.push("Attribute configuration without 'name' is not allowed")
      continue
    }
    if (seen.has(name)) problems.push(`Attribute configuration already exists with 'name':'${name}'`)
    seen.add(name)
    problems.push(...problemsOf(attribute, groups, scopes))
  }
  return problems
}

function missingNames(attributes: readonly ProfileAttribute[]): string[] {
  return ['username', 'email']
    .filter((name) => !attributes.some((attribute) => attribute.name === name))
    .map((name) => `The attribute '${name}' can not be removed`)
}

/** The problems of one attribute, in Keycloak's order. */
function problemsOf(
  attribute: ProfileAttribute,
  groups: NonNullable<Profile['groups']>,
  scopes: readonly string[] | undefined,
): string[] {
  const { name, group } = attribute
  return [
    ...(/^[a-zA-Z0-9._-]+$/.test(name)
      ? []
      : [
          `Invalid attribute name (only letters, numbers and '.' '_' '-' special characters allowed): ${name}'`,
        ]),
    ...roleProblems(attribute),
    ...scopeProblems(attribute, scopes),
    ...annotationProblems(attribute),
    ...(group === undefined || groups.some((each) => each.name === group)
      ? []
      : [`Attribute '${name}' references unknown group '${group}'`]),
    ...Object.entries(attribute.validations ?? {}).flatMap(([validator, options]) =>
      validatorProblems(name, validator, options),
    ),
  ]
}

function roleProblems({ name, required, permissions }: ProfileAttribute): string[] {
  const places = {
    'required.roles': required?.roles,
    'permissions.view': permissions?.view,
    'permissions.edit': permissions?.edit,
  }
  return Object.entries(places).flatMap(([place, roles = []]) => {
    const odd = roles.find((each) => each !== 'admin' && each !== 'user')
    if (odd === undefined) return []
    return [`'${place}' configuration for attribute '${name}' contains unsupported role '${odd}'`]
  })
}

function scopeProblems(
  { name, required, selector }: ProfileAttribute,
  known: readonly string[] | undefined,
): string[] {
  const places = { 'required.scopes': required?.scopes, 'selector.scopes': selector?.scopes }
  return Object.entries(places).flatMap(([place, scopes = []]) =>
    scopes
      .filter((each) => known !== undefined && !known.includes(each))
      .map((each) => `'${place}' configuration for attribute '${name}' contains unsupported scope '${each}'`),
  )
}

function annotationProblems({ name, annotations = {} }: ProfileAttribute): string[] {
  const { inputOptions = [], inputOptionLabels = {} } = annotations
  const problems: string[] = []
  if (!Array.isArray(inputOptions)) {
    problems.push(`Annotation 'inputOptions' configured for attribute '${name}' must be an array of values!'`)
  }
  if (!isObject(inputOptionLabels)) {
    problems.push(`Annotation 'inputOptionLabels' configured for attribute '${name}' must be an object!'`)
  }
  return problems
}

function validatorProblems(name: string, validator: string, options: Record<string, unknown>): string[] {
  if (validator.trim() === '') return [`Validation without validator id is defined for attribute '${name}'`]
  if (!validators.has(validator)) {
    return [`Validator '${validator}' defined for attribute '${name}' doesn't exist`]
  }
  const faults = optionFaults(validator, options)
  if (faults.length === 0) return []
  const list = faults.map((fault) => `${fault}, `).join('')
  return [`Validator '${validator}' defined for attribute '${name}' has incorrect configuration: ${list}`]
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
