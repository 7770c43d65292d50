/** Replaces the control characters of a string, line breaks too, with `?`: they could control the terminal. */
export function escaped(text: string): string {
  return text.replaceAll(/\p{C}|[\u2028\u2029]/gu, '?')
}

/** The same for a string of several lines. */
export function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n')
}

/** JSON in which control characters are written as `\u` escapes, so that the value is the same. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(/[\p{C}\u2028\u2029]/gu, (character) =>
    character === '\n' ? character : numbered(character),
  )
}

function numbered(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
