/** Entries of the header that are read; browsers send fewer. */
const most = 30

/**
 * The language of a reader: of those offered, the one that the header `Accept-Language` prefers (RFC 9110 §12.5.4). `de-AT`
 * accepts `de`, and `pt` accepts `pt-BR`. Without a match it is the first one.
 */
export function languageFor(header: string | null, offered: readonly [string, ...string[]]): string {
  for (const tag of preferencesOf(header ?? '')) {
    if (tag === '*') return offered[0]
    const match = findLanguage(tag, offered)
    if (match !== undefined) return match
  }
  return offered[0]
}

/** The tags of the header in lower case, the most preferred first. */
function preferencesOf(header: string): readonly string[] {
  return header
    .split(',', most)
    .map((entry) => {
      const [tag = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return { tag, quality: quality === undefined ? 1 : Number(quality) }
    })
    .filter(({ tag, quality }) => tag !== '' && quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag)
}

function findLanguage(tag: string, offered: readonly string[]): string | undefined {
  const primary = tag.split('-', 1)[0]
  return (
    offered.find((one) => one.toLowerCase() === tag) ??
    offered.find((one) => one.toLowerCase() === primary) ??
    offered.find((one) => one.toLowerCase().split('-', 1)[0] === primary)
  )
}
