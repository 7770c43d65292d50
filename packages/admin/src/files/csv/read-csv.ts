import { parse } from 'csv-parse/sync'
import type { Candidate } from '../json/index.ts'
import type { RejectedRow } from '../rows.ts'
import { beginningOf, type Line, type LineEnd, readTextLines, rowLimit, utf8Of } from '../text/index.ts'
import { fromCells, passwordMistake } from './columns.ts'
import { columnNames, noNames } from './header.ts'

/**
 * The rows of a CSV file (RFC 4180) with a row of column names, also as spreadsheets write it: with a first line `sep=;`,
 * rows and columns without a value after the others, lines that end in a carriage return alone. A row that is not
 * well-formed is rejected by itself: reading continues with the next line, also after a quotation mark that nothing closes.
 *
 * @throws {CW_FILE_INVALID} when the row of column names is missing or has other names, or names no user: by `username`,
 *   or with `byEmail` by `email`
 */
export async function* readCsv(
  path: string,
  byEmail: boolean = false,
): AsyncGenerator<Candidate | RejectedRow, void, undefined> {
  let names: readonly string[] | undefined
  const lineEnd = await lineEndOf(path)
  for await (const { line, bytes, cells, mistake } of records(readTextLines(path, lineEnd), lineEnd)) {
    if (cells?.every((cell) => cell.trim() === '') === true) continue
    if (names === undefined) {
      names = columnNames(path, line, cells, byEmail)
      continue
    }
    const reason = mistake ?? wrongCount(cells, names.length)
    if (reason !== undefined) yield { line, reason, raw: beginningOf(bytes) }
    else yield toRow(line, names, cells ?? [])
  }
  if (names === undefined) throw noNames(path)
}

function toRow(line: number, names: readonly string[], cells: readonly string[]): Candidate | RejectedRow {
  const value = fromCells(names, cells)
  const reason = passwordMistake(names, cells)
  return reason === undefined ? { line, value } : { line, reason, raw: value }
}

/** As the first line outside quotation marks ends: in a carriage return alone where Excel for the Mac wrote it. */
async function lineEndOf(path: string): Promise<LineEnd> {
  let isQuoted = false
  for await (const chunk of utf8Of(path)) {
    for (const [at, byte] of chunk.entries()) {
      if (byte === quote) isQuoted = !isQuoted
      else if (isQuoted) continue
      else if (byte === 0x0a) return '\n'
      else if (byte === 0x0d) return chunk[at + 1] === 0x0a ? '\n' : '\r'
    }
    // No column names are that long.
    return '\n'
  }
  return '\n'
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
async function* records(
  lines: AsyncIterable<Line>,
  lineEnd: LineEnd,
): AsyncGenerator<CsvRecord, void, undefined> {
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
      yield { line, bytes: first.bytes, mistake: 'the row is longer than 1 MiB' }
      continue
    }
    if (isBlank(first.bytes)) continue
    const said = delimiter === undefined ? saidDelimiter(first.bytes) : undefined
    if (said !== undefined) {
      delimiter = said
      continue
    }
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
    const bytes = joined(taken, lineEnd)
    delimiter ??= delimiterOf(bytes)
    const cells = open ? { mistake: 'a quotation mark is not closed' } : toCells(bytes, delimiter)
    if (cells.mistake === undefined || taken.length === 1) yield { line, bytes, ...cells }
    else {
      yield { line, bytes: first.bytes, ...cells }
      // One by one: a call does not take 100,000 arguments.
      for (const later of taken.slice(1).reverse()) again.push(later)
    }
  }
}

const quote = 0x22
const misplaced =
  'a value contains a quotation mark: put the value in quotation marks and double those inside it'

function hasOddQuotes(bytes: Buffer): boolean {
  let odd = false
  for (let at = bytes.indexOf(quote); at !== -1; at = bytes.indexOf(quote, at + 1)) odd = !odd
  return odd
}

function isBlank(bytes: Buffer): boolean {
  return bytes.length === 0 || (bytes.length < 100 && bytes.toString('utf8').trim() === '')
}

function joined(lines: readonly Line[], lineEnd: LineEnd): Buffer {
  const lineBreak = Buffer.from(lineEnd)
  if (lines.length === 1 && lines[0] !== undefined) return lines[0].bytes
  return Buffer.concat(lines.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [lineBreak, bytes])))
}

/** What a first line `sep=;` says, by which Excel is told the separator. */
function saidDelimiter(bytes: Buffer): string | undefined {
  return bytes.length > 20 ? undefined : /^"?sep=([^\w"\r])"?\r?$/i.exec(bytes.toString('utf8'))?.[1]
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

/** Values that are empty may be too many: a spreadsheet writes them for columns that once had one. */
function wrongCount(cells: readonly string[], wanted: number): string | undefined {
  const found = cells.length
  if (found === wanted || (found > wanted && cells.slice(wanted).every((cell) => cell.trim() === '')))
    return undefined
  return `the row has ${found} ${found === 1 ? 'value' : 'values'}, but the file has ${wanted} columns`
}
