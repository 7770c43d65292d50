import Table from 'cli-table3'

/** The middle value; of an even count the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return (low + high) / 2
}

/** The header of the table of limits; {@link bound} creates its rows. */
export const boundHead: readonly string[] = ['', 'measured', 'limit', 'met']

/** A row with a measured value and whether it meets its limit. */
export function bound(
  name: string,
  value: number,
  kind: 'at least' | 'at most',
  limit: number,
  digits: number,
): string[] {
  const held = kind === 'at least' ? value >= limit : value <= limit
  return [name, value.toFixed(digits), `${kind} ${limit}`, held ? 'yes' : 'NO']
}

/** Prints one topic as a table, the first row as header; returns true if no row has NO. */
export function printTable(title: string, [head = [], ...rows]: readonly (readonly string[])[]): boolean {
  const table = new Table({ head: [...head], style: { head: [], border: [] } })
  table.push(...rows.map((row) => [...row]))
  console.log(`\n${title}\n${table.toString()}`)
  return rows.every((row) => !row.includes('NO'))
}
