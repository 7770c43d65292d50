/**
 * Matches strings against a pattern with the wildcard `*`. The time depends on the lengths, not on the number of stars: each
 * part is searched once, at its first occurrence.
 */
export function wildcardMatcher(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*')
  if (parts.length === 1) return (text) => text === pattern
  const [first = '', ...rest] = parts
  const last = rest.pop() ?? ''
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
      return false
    let at = first.length
    for (const part of rest) {
      const found = text.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return at <= text.length - last.length
  }
}
