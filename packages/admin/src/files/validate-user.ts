import type { ImportedUser, RejectedRow, UserRow } from './rows.ts'

/**
 * A value as a row: its form is checked, that is members that Keycloak knows, their types, names and addresses that can be
 * kept. Whether roles and groups exist is the realm's to say. A user is enabled unless its row says otherwise. With `byEmail`
 * a row without a member `username` names its user by e-mail address.
 */
export function toRow(line: number, value: unknown, byEmail: boolean): UserRow | RejectedRow {
  const reason = mistakeOf(value)
  if (reason !== undefined) return { line, reason, raw: value }
  const given = value as Readonly<Record<string, unknown>>
  const present = Object.fromEntries(Object.entries(given).filter(([, content]) => content !== null))
  if (byEmail && !Object.hasOwn(given, 'username') && typeof present['email'] === 'string')
    return { line, user: { enabled: true, ...present, username: present['email'] }, namedBy: 'email' }
  if (present['username'] === undefined) return { line, reason: 'username is missing', raw: value }
  return { line, user: { enabled: true, ...present } as ImportedUser }
}

/** What is wrong with the members that a value has: never a value of theirs, for the reason goes to logs. */
function mistakeOf(value: unknown): string | undefined {
  if (!isRecord(value)) return 'the row must be an object with the fields of a user'
  for (const [name, content] of Object.entries(value)) {
    const check = checks.get(name)
    if (check === undefined) return `unknown field ${quoted(name)}`
    const mistake = content === null ? undefined : check(content)
    if (mistake !== undefined) return at(name, mistake)
  }
  return undefined
}

/** A mistake with its place before it: `groups[0] is empty`. */
function at(place: string, mistake: string): string {
  return /^[[.]/.test(mistake) ? `${place}${mistake}` : `${place} ${mistake}`
}

function memberPath(key: string): string {
  return /^[A-Za-z][\w-]{0,49}$/.test(key) ? `.${key}` : `[${quoted(key)}]`
}

type Check = (value: unknown) => string | undefined

/** Keycloak's column is that wide. */
const longest = 255

const textOf =
  (limit: number): Check =>
  (value) => {
    if (typeof value !== 'string') return 'must be a string'
    if (value.length > limit) return `has more than ${limit} characters`
    return hasControl(value) ? 'contains a control character' : undefined
  }

const name: Check = textOf(longest)

const username: Check = (value) => {
  const mistake = name(value)
  if (mistake !== undefined) return mistake
  if (value === '') return 'is empty'
  return (value as string).trim() === value ? undefined : 'starts or ends with a space'
}

const email: Check = (value) => {
  const mistake = name(value)
  if (mistake !== undefined) return mistake
  // Only what no address can be without: Keycloak has rules of its own.
  const [local, domain, ...rest] = (value as string).split('@')
  const isAddress = local !== '' && domain !== undefined && domain !== '' && rest.length === 0
  return isAddress && !/\s/.test(value as string) ? undefined : 'is not a valid e-mail address'
}

const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false')
const number: Check = (value) => (Number.isSafeInteger(value) ? undefined : 'must be a whole number')
const record: Check = (value) => (isRecord(value) ? undefined : 'must be an object')
const records: Check = (value) =>
  Array.isArray(value) && value.every(isRecord) ? undefined : 'must be a list of objects'

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return 'must be a list of strings'
    for (const [index, each] of value.entries()) {
      const mistake = check(each)
      if (mistake !== undefined) return at(`[${index}]`, mistake)
    }
    return undefined
  }

/** An object whose members are lists of texts. */
const listsOf =
  (check: Check): Check =>
  (value) => {
    if (!isRecord(value)) return 'must be an object of lists'
    for (const [key, list] of Object.entries(value)) {
      const mistake =
        name(key) ?? (key === '' || key === '__proto__' ? 'is not a valid name' : listOf(check)(list))
      if (mistake !== undefined) return at(memberPath(key), mistake)
    }
    return undefined
  }

const roleName: Check = (value) => name(value) ?? (value === '' ? 'is empty' : undefined)

const groupPath: Check = (value) => {
  const mistake = textOf(10 * longest)(value)
  if (mistake !== undefined) return mistake
  if (/^id:[\da-f-]{36}$/i.test(value as string)) return undefined
  return /^\/[^/]/.test(value as string) && !/(?<!~)\/$/.test(value as string)
    ? undefined
    : 'is not a group path like /staff/editors'
}

/** Any text but one with NUL, which PostgreSQL can't keep. */
const attributeValue: Check = (value) => {
  if (typeof value !== 'string') return 'must be a string'
  return value.includes('\0') ? 'contains a NUL character' : undefined
}

const credentials: Check = (value) => {
  const mistake = records(value)
  if (mistake !== undefined) return mistake
  const list = value as Readonly<Record<string, unknown>>[]
  for (const [index, credential] of list.entries()) {
    for (const member of ['type', 'value', 'secretData', 'credentialData', 'userLabel']) {
      const content = credential[member]
      if (content !== undefined && content !== null && typeof content !== 'string')
        return `[${index}].${member} must be a string`
    }
    if (typeof credential['type'] !== 'string') return `[${index}].type is missing`
    if (credential['value'] === '') return `[${index}].value is empty`
    if (credential['temporary'] === true && isFlag(credential['value']))
      return `[${index}].value must be the temporary password itself, not a flag`
  }
  return list.filter(({ type }) => type === 'password').length > 1
    ? 'has two passwords; keep one of them'
    : undefined
}

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['id', roleName],
  ['username', username],
  ['email', email],
  ['firstName', name],
  ['lastName', name],
  ['enabled', flag],
  ['emailVerified', flag],
  ['totp', flag],
  ['attributes', listsOf(attributeValue)],
  ['realmRoles', listOf(roleName)],
  ['clientRoles', listsOf(roleName)],
  ['groups', listOf(groupPath)],
  ['requiredActions', listOf(roleName)],
  ['credentials', credentials],
  ['createdTimestamp', number],
  ['notBefore', number],
  ['disableableCredentialTypes', listOf(name)],
  ['federatedIdentities', records],
  ['federationLink', name],
  ['clientConsents', records],
  ['access', record],
  ['self', name],
  ['origin', name],
  ['userProfileMetadata', record],
])

/** Words by which a table says yes or no: whoever wrote one as a temporary password has taken it for a flag. */
export function isFlag(value: unknown): boolean {
  return typeof value === 'string' && /^\s*(true|false|yes|no|on|off|[tfynx01])\s*$/i.test(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  return /[\u0000-\u001f\u007f-\u009f]/.test(text)
}

/** A member's name in a reason: it is the file's text as well. */
function quoted(key: string): string {
  return JSON.stringify(key.slice(0, 50))
}
