import { refused } from '../errors.ts'
import { patternProblem } from '../patterns.ts'
import type { Profile, ProfileAttribute } from '../settings-fields.ts'

/** Keycloak 26.7's validators, those that it adds by itself included. */
const validators: ReadonlySet<string> = new Set(
  `up-duplicate-did pattern organization-member-validator up-readonly-attribute-unchanged integer
  up-brokering-federated-username-has-value up-attribute-required-by-metadata-value up-registration-email-as-username-email-value
  username-prohibited-characters up-blank-attribute-value options up-email-exists-as-username up-username-has-value email
  up-registration-email-as-username-username-value person-name-prohibited-characters up-duplicate-username not-blank double
  multivalued length up-immutable-attribute up-registration-username-exists up-duplicate-email iso-date uri up-username-mutation
  not-empty up-username-not-idn-homograph local-date`.split(/\s+/),
)

/**
 * Checks a user profile that is to be a realm's: what is stored is used at each write of a user.
 *
 * @throws {AdminError} 400 with all problems, in Keycloak's words
 */
export function checkProfileConfig({ attributes = [], groups = [], ...rest }: Profile): void {
  const problems: string[] = []
  if ('attributes' in rest || attributes.length > 0) problems.push(...missingNames(attributes))
  const nameless = groups.filter(({ name }) => name === undefined || name === '').length
  if (nameless > 0) {
    problems.push(`Name is mandatory for groups, found ${nameless} group(s) without name.`)
  }
  const seen = new Set<string>()
  for (const attribute of attributes) {
    const { name } = attribute as Partial<ProfileAttribute>
    if (name === undefined || name === '') {
      problems.push("Attribute configuration without 'name' is not allowed")
      continue
    }
    if (seen.has(name)) problems.push(`Attribute configuration already exists with 'name':'${name}'`)
    seen.add(name)
    problems.push(...problemsOf(attribute, groups))
  }
  if (problems.length > 0) throw refused(`[${problems.join(', ')}]`)
}

function missingNames(attributes: readonly ProfileAttribute[]): string[] {
  return ['username', 'email']
    .filter((name) => !attributes.some((attribute) => attribute.name === name))
    .map((name) => `The attribute '${name}' can not be removed`)
}

function problemsOf(attribute: ProfileAttribute, groups: NonNullable<Profile['groups']>): string[] {
  const { name, group, required, permissions, validations = {} } = attribute
  const problems: string[] = []
  if (!/^[\p{L}\p{N}._-]+$/u.test(name)) {
    problems.push(
      `Invalid attribute name (only letters, numbers and '.' '_' '-' special characters allowed): ${name}'`,
    )
  }
  const roles = {
    'required.roles': required?.roles,
    'permissions.view': permissions?.view,
    'permissions.edit': permissions?.edit,
  }
  for (const [place, names = []] of Object.entries(roles)) {
    const odd = names.find((each) => each !== 'admin' && each !== 'user')
    if (odd !== undefined) {
      problems.push(`'${place}' configuration for attribute '${name}' contains unsupported role '${odd}'`)
    }
  }
  if (group !== undefined && !groups.some((each) => each.name === group)) {
    problems.push(`Attribute '${name}' references unknown group '${group}'`)
  }
  for (const [validator, options] of Object.entries(validations)) {
    if (!validators.has(validator)) {
      problems.push(`Validator '${validator}' defined for attribute '${name}' doesn't exist`)
      continue
    }
    const faults = faultsOf(validator, options)
    if (faults.length > 0) {
      problems.push(
        `Validator '${validator}' defined for attribute '${name}' has incorrect configuration: ${faults.map((fault) => `${fault}, `).join('')}`,
      )
    }
  }
  return problems
}

function faultsOf(validator: string, options: Readonly<Record<string, unknown>>): string[] {
  const fault = (option: string, message: string, parameter = ''): string =>
    `ValidationError{validatorId='${validator}', inputHint='${option}', message='error-validator-config-${message}', messageParameters=[${parameter}]}`
  if (validator === 'pattern') {
    const { pattern } = options
    if (pattern === undefined || pattern === null || pattern === '')
      return [fault('pattern', 'missing-value')]
    const problem = typeof pattern === 'string' ? patternProblem(pattern)?.message : 'no text'
    return problem === undefined ? [] : [fault('pattern', 'invalid-value', `${shown(pattern)}, ${problem}`)]
  }
  if (validator === 'options') {
    const isList = options['options'] === undefined || Array.isArray(options['options'])
    return isList ? [] : [fault('options', 'invalid-value', 'must be list of values')]
  }
  if (!['length', 'integer', 'double', 'multivalued'].includes(validator)) return []
  return ['min', 'max'].flatMap((option) => {
    const value = options[option]
    const isNumber =
      value === undefined || value === null || value === '' || /^-?\d+(?:\.\d+)?$/.test(shown(value))
    return isNumber ? [] : [fault(option, 'invalid-number-value', shown(value))]
  })
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
