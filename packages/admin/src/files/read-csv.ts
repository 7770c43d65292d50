import { CloakwrightError } from 'cloakwright'
import { parse } from 'csv-parse/sync'
import { unguarded } from './cells.ts'
import { columns, fromCells, isColumn, passwordMistake } from './columns.ts'
import { beginningOf, type Line, readLines, rowLimit } from './read-lines.ts'
import type { Candidate } from './read-ndjson.ts'
import type { BadRow } from './rows.ts'

/**
 * The rows of a CSV file (RFC 4180) with a row of column names. A row that is not well-formed is bad by itself: reading
 * goes on with the next line, also after a quotation mark that nothing closes.
 *
 * @throws {CW_FILE_INVALID} when the row of column names is missing or has other names, or names no user: by `username`,
 *   or with `byEmail` by `email`
 */
export async function* readCsv(
  path: string,
  byEmail: boolean = false,
): AsyncGenerator<Candidate | BadRow, void, undefined> {
  let names: readonly string[] | undefined
  for await (const { line, bytes, cells, mistake } of records(readLines(path))) {
    if (names === undefined) {
      names = columnNames(path, line, cells, byEmail)
      continue
    }
    const reason = mistake ?? wrongCount(cells.length, names.length)
    if (reason !== undefined) yield { line, reason, raw: beginningOf(bytes) }
    else yield toRow(line, names, cells ?? [])
  }
  if (names === undefined) throw invalid(path, 'has no row of column names')
}

function toRow(line: number, names: readonly string[], cells: readonly string[]): Candidate | BadRow {
  const value = fromCells(names, cells)
  const reason = passwordMistake(names, cells)
  return reason === undefined ? { line, value } : { line, reason, raw: value }
}

type Cells =
  | { readonly cells: readonly string[]; readonly mistake?: undefined }
  | { readonly cells?: undefined; readonly mistake: string }

/** What stands between two ends of a row; one line, unless a quoted cell has line breaks. */
type CsvRecord = Cells & { readonly line: number; readonly bytes: Buffer }

/**
 * Rows end at a line break outside quotation marks, that is after an even number of them. Where a row of several lines is
 * no good, its first line alone is to blame, and the next one begins a row again.
 */
async function* records(lines: AsyncIterable<Line>): AsyncGenerator<CsvRecord, void, undefined> {
  const source = lines[Symbol.asyncIterator]()
  const again: Line[] = []
  const next = async (): Promise<Line | undefined> => {
    const line = again.pop()
    if (line !== undefined) return line
    const { done, value } = await source.next()
    return done === true ? undefined : value
  }
  let delimiter: string | undefined

  for (let first = await next(); first !== undefined; first = await next()) {
    const line = first.number
    if (!first.whole) {
      yield { line, bytes: first.bytes, mistake: 'The row is longer than 1 MiB' }
      continue
    }
    if (isBlank(first.bytes)) continue
    const taken = [first]
    let size = first.bytes.length
    let open = hasOddQuotes(first.bytes)
    while (open && size <= rowLimit) {
      const more = await next()
      if (more === undefined) break
      taken.push(more)
      size += more.bytes.length + 1
      open = more.whole ? !hasOddQuotes(more.bytes) : true
      if (!more.whole) break
    }
    const bytes = joined(taken)
    delimiter ??= delimiterOf(bytes)
    const cells = open ? { mistake: 'A quotation mark is not closed' } : toCells(bytes, delimiter)
    if (cells.mistake === undefined || taken.length === 1) yield { line, bytes, ...cells }
    else {
      yield { line, bytes: first.bytes, ...cells }
      // One by one: a call does not take 100,000 arguments.
      for (const later of taken.slice(1).reverse()) again.push(later)
    }
  }
}

const lineBreak = Buffer.from('\n')
const quote = 0x22
const misplaced =
  'A quotation mark stands within a value: put the value into quotation marks and double those inside'

function hasOddQuotes(bytes: Buffer): boolean {
  let odd = false
  for (let at = bytes.indexOf(quote); at !== -1; at = bytes.indexOf(quote, at + 1)) odd = !odd
  return odd
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length === 0 || (bytes.length < 100 && bytes.toString('utf8').trim() === '')
}

function joined(lines: readonly Line[]): Buffer {
  if (lines.length === 1 && lines[0] !== undefined) return lines[0].bytes
  return Buffer.concat(lines.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [lineBreak, bytes])))
}

/** What occurs most in the row of column names: a comma, a semicolon as some spreadsheets write it, or a tab. */
function delimiterOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  const count = (delimiter: string): number => text.split(delimiter).length
  return [';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best), ',')
}

function toCells(bytes: Buffer, delimiter: string): Cells {
  try {
    const end = bytes.at(-1) === 0x0d ? -1 : bytes.length
    const options = { delimiter, relax_column_count: true, record_delimiter: '\n', skip_empty_lines: false }
    const [cells, ...rest] = parse(bytes.subarray(0, end), options)
    return cells === undefined || rest.length > 0 ? { mistake: misplaced } : { cells }
  } catch {
    // The library's message has values.
    return { mistake: misplaced }
  }
}

function wrongCount(found: number, wanted: number): string | undefined {
  if (found === wanted) return undefined
  return `The row has ${found} ${found === 1 ? 'value' : 'values'}, the file has ${wanted} columns`
}

function columnNames(
  path: string,
  line: number,
  cells: readonly string[] | undefined,
  byEmail: boolean,
): readonly string[] {
  if (cells === undefined) throw invalid(path, `has a row of column names that can't be read, line ${line}`)
  const names = cells.map((cell) => unguarded(cell).trim())
  const unknown = names.filter((name) => !isColumn(name)).map((name) => JSON.stringify(name.slice(0, 50)))
  if (unknown.length > 0)
    throw invalid(path, `has unknown columns, line ${line}: ${unknown.slice(0, 10).join(', ')}`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(path, `has two columns ${twice}`)
  if (byEmail && !names.includes('username') && !names.includes('email'))
    throw invalid(path, 'has neither a column username nor a column email')
  if (!byEmail && !names.includes('username')) throw invalid(path, 'has no column username')
  return names
}

function invalid(path: string, what: string): CloakwrightError {
  return new CloakwrightError('CW_FILE_INVALID', `The CSV file ${path} ${what}`, {
    hint: `Its first row names the columns: ${columns.join(', ')}, and attributes.NAME for an attribute.`,
  })
}
