/**
 * The URL, or `undefined` where the string is not one. Not by `URL.canParse`: on Node 20, once it is optimized (after some
 * 7,000 calls), it refuses every URL with a Latin-1 character that is not ASCII, such as `https://bücher.example`.
 */
export function parseUrl(text: string, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
