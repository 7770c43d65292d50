/**
 * How a list is written in one cell of a CSV file: values separated by `;`, a backslash before a `;`, `\` or outer space
 * that is part of a value. Outer spaces without one and empty values do not count.
 */
export function toListCell(values: readonly string[]): string {
  return values.map((value) => value.replace(/^\s|[\\;]|\s$/g, '\\$&')).join(';')
}

/** `client:role;client:role`; a `:` in a client's id is written `\:`. */
export function toClientRolesCell(roles: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(roles)
    .flatMap(([client, names]) =>
      names.map((name) => `${client.replace(/^\s|[\\;:]|\s$/g, '\\$&')}:${toListCell([name])}`),
    )
    .join(';')
}

export function fromListCell(cell: string): string[] {
  return split(cell, ';')
    .map(unescaped)
    .filter((value) => value !== '')
}

/** Undefined when a value is not `client:role`. */
export function fromClientRolesCell(cell: string): Record<string, string[]> | undefined {
  const roles = new Map<string, string[]>()
  for (const pair of split(cell, ';')) {
    if (pair.trim() === '') continue
    const [client = '', ...rest] = split(pair, ':')
    const [id, name] = [unescaped(client), unescaped(rest.join(':'))]
    if (id === '' || name === '') return undefined
    roles.set(id, [...(roles.get(id) ?? []), name])
  }
  return Object.fromEntries(roles)
}

// A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
const formula = /^'*[=+\-@\t\r\n＝＋－＠]/
const guardedFormula = /^''*[=+\-@\t\r\n＝＋－＠]/
// One that splits at a semicolon, a tab or a line break sees beginnings of cells where this file has none, and takes the
// quotation marks there away.
const innerFormula = /([;\t\r\n])(['"]*)(?=[=+\-@＝＋－＠])/g
const guardedInnerFormula = /([;\t\r\n])'(['"]*)(?=[=+\-@＝＋－＠])/g

/** Puts a `'` before what a spreadsheet would run as a formula; {@link unguarded} takes it away again, whatever the value. */
export function guarded(cell: string): string {
  const inner = cell.replace(innerFormula, "$1'$2")
  return formula.test(inner) ? `'${inner}` : inner
}

export function unguarded(cell: string): string {
  const inner = guardedFormula.test(cell) ? cell.slice(1) : cell
  return inner.replace(guardedInnerFormula, '$1$2')
}

/** At separators that have no backslash before them; backslashes stay. */
function split(text: string, separator: ';' | ':'): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === separator) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

function unescaped(text: string): string {
  return text
    .trimStart()
    .replace(/(?<!\\)\s+$/, '')
    .replace(/\\([\\;:\s])/g, '$1')
}
