import { colorsOf } from './colors.ts'
import { escaped, toJson } from './escaped-text.ts'
import { note, print } from './output.ts'

/** A column of a list. */
export interface Column<T> {
  readonly name: string
  readonly of: (row: T) => string | number | boolean | undefined
}

/**
 * A list: a table on a terminal; lines of columns with tabs between them in a pipe; with `json`, an object a line as
 * they come (NDJSON). Of an empty one, standard error says what was looked for and what to try; programs that read JSON
 * get no line. Resolves to how many there were.
 */
export async function printList<T extends object>(
  rows: AsyncIterable<T> | Iterable<T>,
  columns: readonly Column<T>[],
  json: boolean,
  whenEmpty: () => string,
): Promise<number> {
  const cells = (row: T) => columns.map(({ of }) => escaped(String(of(row) ?? '')))
  const lines: string[][] = []
  let count = 0
  for await (const row of rows) {
    count += 1
    if (json) await writeLine(toJson(row))
    else if (process.stdout.isTTY) lines.push(cells(row))
    else await writeLine(cells(row).join('\t'))
  }
  if (count === 0 && !json) note(escaped(whenEmpty()))
  if (lines.length > 0)
    print(
      await toTable(
        columns.map(({ name }) => name),
        lines,
      ),
    )
  return count
}

/** One object: its members a line each, name and value with a tab between them in a pipe; with `json`, one document. */
export function printObject(value: object, json: boolean): void {
  if (json) return print(toJson(value, 2))
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  const width = Math.max(...entries.map(([name]) => name.length))
  for (const [name, member] of entries) {
    const text = escaped(textOf(member))
    print(process.stdout.isTTY ? `${name.padEnd(width)}  ${text}` : `${name}\t${text}`)
  }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  if (typeof value === 'number') return String(Math.round(value * 100) / 100)
  return typeof value === 'string' ? value : toJson(value)
}

async function toTable(head: readonly string[], rows: readonly string[][]): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const { bold } = colorsOf(process.stdout)
  const table = new Table({ head: head.map(bold), style: { head: [], border: [], compact: true } })
  table.push(...rows)
  return table.toString()
}

/** Writes a line, and waits where the reader is slower than we are: so memory stays flat. */
export async function writeLine(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) {
    await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}
