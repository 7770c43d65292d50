/** Maximum characters of a value, and values of a list, in a message. */
const longest = 200
const most = 5

/**
 * Formats an external value for a message: in quotes, cut off at 200 characters. Characters that could control a terminal,
 * reverse the text or break a line (control, format and bidirectional characters) are written as numbers.
 */
export function shown(value: string): string {
  const cut = value.length > longest ? `${value.slice(0, longest)}…` : value
  const clean = cut.replaceAll(/[\p{C}\u2028\u2029"\\]/gu, (character) =>
    character === '"' || character === '\\'
      ? `\\${character}`
      : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
  return `"${clean}"`
}

/** Several of them; the first five are listed. */
export function shownList(values: readonly string[], word: 'and' | 'or'): string {
  const named = values.slice(0, most).map(shown)
  const left = values.length - named.length
  if (left > 0) return `${named.join(', ')} ${word} ${left} more`
  const last = named.pop() ?? ''
  return named.length === 0 ? last : `${named.join(', ')} ${word} ${last}`
}
