import type { UserRepresentation } from '../../client/index.ts'
import { isFlag } from '../validate-user.ts'
import { fromClientRolesCell, fromListCell, toClientRolesCell, toListCell, unguarded } from './cells.ts'

/** What an export has of a user: members of its representation, and columns of a CSV file by the same names. */
export const exportedMembers = [
  'username',
  'email',
  'emailVerified',
  'firstName',
  'lastName',
  'enabled',
  'realmRoles',
  'clientRoles',
  'groups',
  'requiredActions',
  'attributes',
] as const

/** The columns of a CSV file of users; `attributes.NAME` for any attribute too. */
export const columns: readonly string[] = ['id', ...exportedMembers, 'password', 'temporaryPassword']

const attributePrefix = 'attributes.'

/** The columns of an export, one for each of these attributes. */
export function exportColumns(attributes: readonly string[]): readonly string[] {
  const named = attributes.filter((name) => name !== '' && name === name.trim() && !columns.includes(name))
  const own = exportedMembers.filter((member) => member !== 'attributes')
  return [...own, ...named.map((name) => `${attributePrefix}${name}`), 'attributes']
}

/** A user's cells in these columns, each of which {@link fromCells} reads as it was. */
export function toCells(names: readonly string[], user: UserRepresentation): string[] {
  const attributes = new Map(Object.entries(user.attributes ?? {}) as [string, string[]][])
  const cells = new Map<string, string>()
  for (const name of names) {
    const attribute = name.startsWith(attributePrefix) ? name.slice(attributePrefix.length) : undefined
    const values = attribute === undefined ? undefined : attributes.get(attribute)
    // A cell can't tell an empty value from none.
    if (attribute === undefined || values === undefined || values.includes('')) continue
    cells.set(name, toListCell(values))
    attributes.delete(attribute)
  }
  return names.map((name) => cells.get(name) ?? toCell(name, user, attributes))
}

function toCell(name: string, user: UserRepresentation, attributes: ReadonlyMap<string, string[]>): string {
  switch (name) {
    case 'attributes':
      return attributes.size === 0 ? '' : JSON.stringify(Object.fromEntries(attributes))
    case 'emailVerified':
    case 'enabled':
      return String(user[name] ?? '')
    case 'realmRoles':
    case 'groups':
    case 'requiredActions':
      return toListCell(user[name] ?? [])
    case 'clientRoles':
      return toClientRolesCell((user.clientRoles ?? {}) as Record<string, string[]>)
    case 'username':
    case 'email':
    case 'firstName':
    case 'lastName':
      return user[name] ?? ''
    default:
      return ''
  }
}

/** Whether a CSV file of users may have this column. */
export function isColumn(name: string): boolean {
  return columns.includes(name) || (name.startsWith(attributePrefix) && name.length > attributePrefix.length)
}

/**
 * A row's cells as a user's representation. An empty cell says nothing, except for one of the column `username`: such a row
 * names no user, whatever its e-mail address. A cell that can't be understood stays a text, which the check of the user
 * then refuses.
 */
export function fromCells(names: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const user: Record<string, unknown> = names.includes('username') ? { username: null } : {}
  const credentials: object[] = []
  const attributes = new Map<string, string[]>()
  for (const [index, name] of names.entries()) {
    const raw = cells[index] ?? ''
    if (raw === '') continue
    if (name === 'password' || name === 'temporaryPassword') {
      // As it is, also where it begins with an apostrophe: an export never writes one.
      credentials.push({ type: 'password', value: raw, temporary: name === 'temporaryPassword' })
      continue
    }
    const cell = unguarded(raw)
    if (name.startsWith(attributePrefix))
      attributes.set(name.slice(attributePrefix.length), fromListCell(cell))
    else user[name] = fromCell(name, cell)
  }
  if (credentials.length > 0) user['credentials'] = credentials
  if (attributes.size === 0) return user
  const others = user['attributes']
  if (others !== undefined && !isRecord(others)) return user
  return { ...user, attributes: Object.fromEntries([...Object.entries(others ?? {}), ...attributes]) }
}

/** What is wrong with the cells of a row's passwords, by their columns; undefined: nothing. */
export function passwordMistake(names: readonly string[], cells: readonly string[]): string | undefined {
  const cellOf = (name: string): string => cells[names.indexOf(name)] ?? ''
  if (cellOf('password') !== '' && cellOf('temporaryPassword') !== '')
    return 'fill in password or temporaryPassword, not both'
  if (isFlag(cellOf('temporaryPassword')))
    return 'temporaryPassword must be the password itself, not a flag: put the password there and leave password empty'
  return undefined
}

function fromCell(name: string, cell: string): unknown {
  switch (name) {
    case 'emailVerified':
    case 'enabled':
      return fromFlag(cell)
    case 'realmRoles':
    case 'groups':
    case 'requiredActions':
      return fromListCell(cell)
    case 'clientRoles':
      return fromClientRolesCell(cell) ?? cell
    case 'attributes':
      return fromJson(cell) ?? cell
    default:
      return cell
  }
}

function fromFlag(cell: string): unknown {
  const word = cell.trim().toLowerCase()
  return word === 'true' ? true : word === 'false' ? false : cell
}

function fromJson(cell: string): unknown {
  try {
    return JSON.parse(cell)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
