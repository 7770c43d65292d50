import { colorsOf } from './colors.ts'
import { escaped, toJson } from './escaped-text.ts'
import { note, print } from './output.ts'

/** A column of a list. */
export interface Column<T> {
  readonly name: string
  readonly of: (row: T) => string | number | boolean | undefined
}

/**
 * Prints a list: on a terminal a table, in a pipe lines with tabs between the columns, with `json` one object per line
 * (NDJSON). For an empty list without `json`, prints `whenEmpty` on standard error. Resolves to the number of rows.
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

/** Prints an object, one member per line: name and value, in a pipe with a tab between them. With `json`, one document. */
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

/** Writes a line and waits for a slower reader, so that memory stays flat. */
export async function writeLine(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) {
    await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
}
