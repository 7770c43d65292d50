/**
 * Matches texts against a pattern in which `*` stands for anything. The time grows with the lengths, never with the number of
 * stars: each part is looked for once, where it comes first.
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
