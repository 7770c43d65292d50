/** Between `\Q` and `\E` every character is literal. */
export function unquoted(pattern: string): string {
  return pattern.replace(
    /(\\[^Q])|\\Q(.*?)(?:\\E|$)/gs,
    (_all, other: string | undefined, quoted: string | undefined) =>
      other ??
      Array.from(quoted ?? '', (letter) =>
        /[\w\s]/.test(letter) || letter > '~' ? plainly(letter) : `\\${letter}`,
      ).join(''),
  )
}

/** So spaces are kept even with the flag x. */
function plainly(letter: string): string {
  return /[\s#]/.test(letter) ? `\\x{${letter.charCodeAt(0).toString(16)}}` : letter
}
