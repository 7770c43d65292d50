import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { CloakwrightError } from 'cloakwright'
import { readCsv } from './csv/index.ts'
import { type Candidate, readDefaultRole, readExport, readNdjson } from './json/index.ts'
import type { RejectedRow, Row, UserFile, UserFormat } from './rows.ts'
import { createTextCheck, encodingOf, notText, startOf, textOf } from './text/index.ts'
import { toRow } from './validate-user.ts'

/** Options of {@link openUserFile}. */
export interface UserFileOptions {
  /** Default: by the name's end (`.csv`, `.ndjson`, `.jsonl`, `.json`), else by the first characters. */
  readonly format?: UserFormat
  /**
   * Whether rows may name a user by e-mail address alone, where the file has no user names: for {@link bulkDisable} and
   * {@link bulkAssign}, and for {@link importUsers} into a realm that takes addresses for user names. Default: false.
   */
  readonly byEmail?: boolean
}

/**
 * Opens a file of users: CSV with a row of column names, NDJSON with one `UserRepresentation` a line, or a Keycloak
 * export (a realm's file, one of its `realm-users-N.json`, the folder with all of these, or a bare list of users).
 *
 * The file is read once for its digest and its encoding, then as a stream whenever its rows are asked for. An invalid row
 * becomes a {@link RejectedRow}; only a file that is unreadable as a whole is an error.
 *
 * @throws {CW_FILE_INVALID} when the file is missing, empty or not text in UTF-8 or UTF-16 (such as an Excel workbook), when its
 *   columns are unknown, or when an export is not a single JSON document; while rows are read, also when the file was changed
 * @example
 * ```ts
 * import { openUserFile } from '@cloakwright/admin/files'
 *
 * const file = await openUserFile('users.csv')
 * for await (const row of file.rows()) console.log(row.line, 'user' in row ? row.user.username : row.reason)
 * ```
 */
export async function openUserFile(path: string, options: UserFileOptions = {}): Promise<UserFile> {
  const parts = await partsOf(path)
  const { digest, size } = await inspect(parts.map((part) => part.path))
  const format = options.format ?? (await formatOf(parts[0]?.path ?? path))
  const { byEmail = false } = options
  const defaultRole = format === 'keycloak' ? await defaultRoleOf(path, parts) : undefined
  // Columns that no one knows show now, not when a job has begun.
  const rejectedBy = await firstRejectedBy(read(parts, format, byEmail))
  const rows = (): AsyncIterable<Row> => checkedRows(read(parts, format, byEmail), byEmail, rejectedBy)
  return {
    path,
    format,
    digest,
    size,
    rows,
    ...(rejectedBy !== undefined && { rejectedBy }),
    ...(defaultRole !== undefined && { defaultRole }),
  }
}

/** The job that rejected a file's rows before, as its first row says. */
async function firstRejectedBy(rows: AsyncIterable<Candidate | RejectedRow>): Promise<string | undefined> {
  for await (const row of rows) return 'value' in row ? row.rejectedBy : undefined
  return undefined
}

/** A file as it was when it was opened. */
interface Part {
  readonly path: string
  readonly size: number
  readonly changed: number
}

const exportPart = /-users-(\d+)\.json$/

/** The file itself, or the parts of a realm's export in a folder, in their order. */
async function partsOf(path: string): Promise<readonly Part[]> {
  const found = await lookAt(path)
  if (found.isFile()) return [await partOf(path)]
  if (!found.isDirectory())
    throw invalid(
      `${path} is a pipe or device, which can be read only once`,
      'Save the input to a file first.',
    )
  const names = (await readdir(path)).filter((name) => exportPart.test(name))
  const realms = new Set(names.map((name) => name.replace(exportPart, '')))
  if (realms.size !== 1) {
    throw invalid(
      `${path} has the users of ${realms.size} realms`,
      'Name a single file, or a folder with one realm (files like shop-users-0.json).',
    )
  }
  const numberOf = (name: string): number => Number(exportPart.exec(name)?.[1])
  names.sort((a, b) => numberOf(a) - numberOf(b))
  return await Promise.all(names.map((name) => partOf(join(path, name))))
}

/** In a folder, the realm is in a file of its own next to those of its users. */
async function defaultRoleOf(path: string, parts: readonly Part[]): Promise<string | undefined> {
  const [{ path: first } = { path }] = parts
  const realm = first === path ? path : first.replace(exportPart, '-realm.json')
  const isThere = await stat(realm).then(
    (found) => found.isFile(),
    () => false,
  )
  return isThere ? await readDefaultRole(realm) : undefined
}

async function partOf(path: string): Promise<Part> {
  const { size, mtimeMs } = await lookAt(path)
  return { path, size, changed: mtimeMs }
}

async function lookAt(path: string): Promise<Stats> {
  return await stat(path).catch((cause: unknown) => {
    throw invalid(`${path} could not be read`, 'Check the path and its permissions.', cause)
  })
}

/** Reads a file once, for its digest, and refuses what is not text. */
async function inspect(parts: readonly string[]): Promise<{ digest: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for (const path of parts) {
    const start = await startOf(path, 512)
    const other = notText(start)
    if (other !== undefined) throw invalid(`${path} is ${other.is}, not text`, other.hint)
    const check = createTextCheck(encodingOf(start))
    const refuse = (wrong: string | undefined): void => {
      if (wrong === undefined) return
      throw invalid(
        `${path} is ${wrong}`,
        'Save it as UTF-8 (Excel: "CSV UTF-8"), or convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW',
      )
    }
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      refuse(check.add(chunk))
      hash.update(chunk)
      size += chunk.length
    }
    refuse(check.end())
  }
  if (size === 0) throw invalid(`${parts.join(', ')} is empty`, 'Use a file that contains users.')
  return { digest: hash.digest('hex'), size }
}

async function formatOf(path: string): Promise<UserFormat> {
  const known = new Map<string, UserFormat>([
    ['.csv', 'csv'],
    ['.ndjson', 'ndjson'],
    ['.jsonl', 'ndjson'],
    ['.json', 'keycloak'],
  ])
  const byName = known.get(extname(basename(path)).toLowerCase())
  if (byName !== undefined) return byName
  const start = await beginning(path)
  if (start.startsWith('[')) return 'keycloak'
  if (!start.startsWith('{')) return 'csv'
  const [first = '', second] = start.split('\n')
  return isJson(first) && second !== undefined ? 'ndjson' : 'keycloak'
}

/** A file's first characters. */
async function beginning(path: string): Promise<string> {
  for await (const text of textOf(path)) return text.replace(/^\uFEFF/, '').trimStart()
  return ''
}

async function* checkedRows(
  rows: AsyncIterable<Candidate | RejectedRow>,
  byEmail: boolean,
  rejectedBy: string | undefined,
): AsyncGenerator<Row, void, undefined> {
  for await (const row of rows) {
    if (!('value' in row)) {
      yield row
      continue
    }
    const { line, value } = row
    if (isDeeper(value, mostLevels)) {
      yield { line, reason: `the row has more than ${mostLevels} levels`, raw: undefined }
      continue
    }
    if (row.rejectedBy !== rejectedBy) {
      yield { line, reason: 'the row was rejected by another job than the first row of the file', raw: value }
      continue
    }
    yield toRow(line, value, byEmail)
  }
}

/** Lists and objects within each other. No user has so many, and what has thousands can be read as JSON, but not written. */
const mostLevels = 64

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}

async function* read(
  parts: readonly Part[],
  format: UserFormat,
  byEmail: boolean,
): AsyncGenerator<Candidate | RejectedRow, void, undefined> {
  let line = 1
  for (const part of parts) {
    const { path } = part
    const now = await partOf(path)
    if (now.size !== part.size || now.changed !== part.changed)
      throw invalid(`${path} was changed while it was being read`, 'Start again with the current file.')
    if (format === 'keycloak') line = yield* readExport(path, line)
    else yield* format === 'csv' ? readCsv(path, byEmail) : readNdjson(path)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function invalid(what: string, hint: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_FILE_INVALID', `The file of users ${what}`, { hint, cause })
}
