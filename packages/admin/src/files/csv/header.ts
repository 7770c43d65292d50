import { CloakwrightError } from 'cloakwright'
import { unguarded } from './cells.ts'
import { columns, isColumn } from './columns.ts'

/**
 * The columns that a row of names has: letter case and spaces don't count, as people write them in a spreadsheet, nor do
 * empty names at its end.
 *
 * @throws {CW_FILE_INVALID} when a column is unknown, has no name or is a duplicate, or when none names a user: by
 *   `username`, or with `byEmail` by `email`
 */
export function columnNames(
  path: string,
  line: number,
  cells: readonly string[] | undefined,
  byEmail: boolean,
): readonly string[] {
  if (cells === undefined) throw invalid(path, `has an unreadable row of column names, line ${line}`)
  const given = cells.map((cell) => unguarded(cell).trim())
  while (given.at(-1) === '') given.pop()
  const nameless = given.indexOf('')
  if (nameless !== -1)
    throw invalid(path, `has a column without a name, line ${line}, column ${nameless + 1}`)
  const names = given.map((name) => columnOf(name, spelled) ?? name)
  const unknown = names.filter((name) => !isColumn(name))
  if (unknown.length > 0) {
    const quoted = unknown.slice(0, 10).map((name) => JSON.stringify(name.slice(0, 50)))
    throw invalid(path, `has unknown columns, line ${line}: ${quoted.join(', ')}`, correction(names))
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(path, `has the column ${twice} twice`)
  if (byEmail && !names.includes('username') && !names.includes('email'))
    throw invalid(path, 'needs a column username or email')
  if (!byEmail && !names.includes('username')) throw noUserNames(path)
  return names
}

/** For users who can't be named by e-mail address. */
export function noUserNames(path: string): CloakwrightError {
  return invalid(path, 'needs a column username')
}

export function noNames(path: string): CloakwrightError {
  return invalid(path, 'is empty: it needs a row of column names')
}

function columnOf(name: string, key: (name: string) => string): string | undefined {
  if (isColumn(name)) return name
  const attribute = /^\s*attributes\s*\.(.+)$/is.exec(name)?.[1]
  if (attribute !== undefined) return `attributes.${attribute}`
  const wanted = key(name)
  return columns.find((column) => key(column) === wanted)
}

function spelled(name: string): string {
  return name.toLowerCase().replace(/\s/g, '')
}

/** Names that other tools and people give, without signs between their words. */
const others = new Map([
  ['mail', 'email'],
  ['emailaddress', 'email'],
  ['user', 'username'],
  ['login', 'username'],
  ['loginname', 'username'],
  ['givenname', 'firstname'],
  ['forename', 'firstname'],
  ['surname', 'lastname'],
  ['familyname', 'lastname'],
  ['role', 'realmroles'],
  ['roles', 'realmroles'],
  ['group', 'groups'],
])

/** What was meant, where that is plain: not taken, for a column may say something else to whoever wrote it. */
function correction(names: readonly string[]): string {
  const meant = (name: string): string => {
    const key = name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
    return others.get(key) ?? key
  }
  const right = names.map((name) => columnOf(name, meant))
  if (right.every((name) => name !== undefined)) return `Write ${right.join(', ')}. `
  const told = names.flatMap((name, at) => {
    const column = right[at]
    return column === undefined || column === name
      ? []
      : [`${column} for ${JSON.stringify(name.slice(0, 50))}`]
  })
  return told.length === 0 ? '' : `Write ${told.slice(0, 10).join(', ')}. `
}

function invalid(path: string, what: string, first: string = ''): CloakwrightError {
  return new CloakwrightError('CW_FILE_INVALID', `The CSV file ${path} ${what}`, {
    hint: `${first}Name the columns in the first row: ${columns.join(', ')}, and attributes.NAME for an attribute.`,
  })
}
