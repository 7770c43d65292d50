import type { UserProfileConfig } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js'
import { labelOf } from '../../client/index.ts'
import type { ImportedUser } from '../../files/index.ts'
import { withUserName } from '../planned-user.ts'
import { trimmed, type Validator } from './findings.ts'
import { type ValidatorSettings, validatorOf } from './validators.ts'

/** A rule of the realm's user profile that can't be checked here. */
export interface UncheckedRule {
  /** `email`, or `attributes.badge`. */
  readonly field: string
  readonly validator: string
}

/** What the realm's user profile has against a user. */
export interface ProfileFinding {
  /** By the field's name and without its value; undefined: nothing that can be told here. */
  readonly problem?: string
  /** What only Keycloak can tell. */
  readonly unchecked: readonly UncheckedRule[]
}

export type ProfileCheck = (user: ImportedUser) => ProfileFinding

/** What the check looks at, with the profile. */
export interface ProfileFacts extends ValidatorSettings {
  readonly profile: UserProfileConfig
  readonly editUsernameAllowed: boolean
}

/**
 * Checks users by the realm's user profile, as `POST users` does for an administrator: a partial import passes the profile
 * over, and what it lets in can't log in or be changed afterwards.
 *
 * With `kept`, as a later change of the user would be checked: what administrators can't edit stays as it is, unchecked.
 */
export function createProfileCheck(facts: ProfileFacts, kept: boolean = false): ProfileCheck {
  const attributes = (facts.profile.attributes ?? []).map((attribute) => toRules(attribute, facts))
  const managed = new Set(attributes.map(({ name }) => name))
  const byDefault: Rule = lengthByDefault(facts)
  const takesOthers = showsUnmanaged(facts.profile)
  const isUserNameKept = kept && !facts.editUsernameAllowed && !facts.registrationEmailAsUsername

  return (given) => {
    const user = withUserName(given, facts)
    const unchecked: UncheckedRule[] = []

    function problemOf(name: string, values: readonly string[], rules: readonly Rule[]): string | undefined {
      for (const { validator, check } of rules) {
        const finding = check(values)
        if (typeof finding === 'object') return `${labelOf(name)} ${finding.problem}`
        if (finding === 'unsure') unchecked.push({ field: toField(name), validator })
      }
      return undefined
    }

    function firstProblem(): string | undefined {
      for (const { name, isEditable, isRequired, preset, rules } of attributes) {
        if (kept && (!isEditable || (name === 'username' && isUserNameKept))) continue
        const own = valuesOf(user, name)
        const values = own.length === 0 && preset !== undefined ? [preset] : own
        if (isRequired && (values.length === 0 || values.some((value) => trimmed(value) === ''))) {
          return `${labelOf(name)} is required`
        }
        const problem = problemOf(name, values, rules)
        if (problem !== undefined) return problem
      }
      return otherProblem()
    }

    function otherProblem(): string | undefined {
      for (const name of Object.keys(user.attributes ?? {})) {
        const values = valuesOf(user, name)
        const isManaged = managed.has(name)
        if (isField(name) || name.startsWith('user.attributes.')) {
          unchecked.push({ field: `attributes.${name}`, validator: 'name' })
        } else if (isManaged || takesOthers || builtIn.has(name)) {
          if (!kept && values.length > 0 && readOnly.test(name)) return `${labelOf(name)} is read-only`
          const problem = isManaged ? undefined : problemOf(name, values, [byDefault])
          if (problem !== undefined) return problem
        }
      }
      return undefined
    }

    const problem = firstProblem()
    return problem === undefined ? { unchecked } : { problem, unchecked: [] }
  }
}

/**
 * Names of attributes that the realm does not show to administrators: its profile does not declare them, or gives
 * administrators no right to view or edit them.
 */
export function hiddenAttributes(profile: UserProfileConfig, names: readonly string[]): string[] {
  if (names.length === 0) return []
  const { attributes = [] } = profile
  return names.filter((attribute) => {
    const declared = attributes.find(({ name }) => name === attribute)
    if (declared === undefined) return !showsUnmanaged(profile)
    const { view = [], edit = [] } = declared.permissions ?? {}
    return !view.includes('admin') && !edit.includes('admin')
  })
}

function showsUnmanaged({ unmanagedAttributePolicy: policy }: UserProfileConfig): boolean {
  return policy !== undefined && String(policy) !== 'DISABLED'
}

const fields = ['username', 'email', 'firstName', 'lastName'] as const

function isField(name: string): boolean {
  return fields.some((field) => field === name)
}

function toField(name: string): string {
  return isField(name) ? name : `attributes.${name}`
}

/** Attributes that Keycloak checks whatever the profile says. */
const builtIn: ReadonlySet<string> = new Set(['locale', 'kc.email.pending'])

/** What Keycloak lets no administrator set; the server's own options can add to it. */
const readOnly =
  /^(?:KERBEROS_PRINCIPAL|LDAP_ID|LDAP_ENTRY_DN|CREATED_TIMESTAMP|createTimestamp|modifyTimestamp)$/i

interface Rule {
  readonly validator: string
  readonly check: Validator
}

interface AttributeRules {
  readonly name: string
  /** By an administrator. */
  readonly isEditable: boolean
  readonly isRequired: boolean
  /** The value where none is given. */
  readonly preset: string | undefined
  readonly rules: readonly Rule[]
}

type ProfileAttribute = NonNullable<UserProfileConfig['attributes']>[number] & {
  readonly defaultValue?: string
}

function toRules(attribute: ProfileAttribute, facts: ProfileFacts): AttributeRules {
  const { name = '', validations = {}, multivalued, required, permissions, defaultValue } = attribute
  const isAccount = name === 'username' || name === 'email'
  const edit = permissions?.edit ?? []
  const isOpen = isAccount && edit.length === 0 && (permissions?.view ?? []).length === 0
  const isEditable = isOpen || edit.includes('admin')
  const rule = (validator: string, options: object | null): Rule => ({
    validator,
    check: validatorOf(validator, (options ?? {}) as Readonly<Record<string, unknown>>, facts),
  })
  return {
    name,
    isEditable,
    isRequired: isEditable && isRequiredOf(name, required, facts),
    preset: defaultValue,
    rules: [
      ...Object.entries(validations).map(([validator, options]) => rule(validator, options as object | null)),
      ...(name === 'email' ? [rule('email', {})] : []),
      ...('length' in validations ? [] : [lengthByDefault(facts)]),
      ...(multivalued === true || 'multivalued' in validations ? [] : [rule('multivalued', { max: 1 })]),
    ],
  }
}

/** Keycloak's own, for every attribute without one. */
function lengthByDefault(facts: ProfileFacts): Rule {
  return { validator: 'length', check: validatorOf('length', { max: 2048 }, facts) }
}

function isRequiredOf(
  name: string,
  required: ProfileAttribute['required'],
  { registrationEmailAsUsername }: ProfileFacts,
): boolean {
  if (name === 'username') return !registrationEmailAsUsername
  if (name === 'email' && registrationEmailAsUsername) return true
  const { roles = [], scopes = [] } = required ?? {}
  // Scopes require it of who logs in alone.
  return required !== undefined && scopes.length === 0 && (roles.length === 0 || roles.includes('admin'))
}

/** The values of a user, by the name that the profile has for them; blank ones too. */
export function valuesOf(user: ImportedUser, name: string): string[] {
  const field = fields.find((each) => each === name)
  const { attributes = {} } = user
  // It may be called `constructor`.
  const own = Object.hasOwn(attributes, name) ? attributes[name] : undefined
  const given: unknown = field === undefined ? own : user[field]
  const values = Array.isArray(given) ? given : [given]
  const texts = values.flatMap((value) => (value === undefined || value === null ? [] : String(value)))
  // As Keycloak keeps them.
  return name === 'username' || name === 'email' ? texts.map((text) => text.toLowerCase()) : texts
}
