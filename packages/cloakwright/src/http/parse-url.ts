/**
 * Parses a URL; `undefined` if the string is not one. It does not use `URL.canParse`, which has a bug on Node 20. Once V8
 * has optimized it (after about 7,000 calls), it refuses URLs with a Latin-1 character beyond ASCII: `https://bücher.example`.
 */
export function parseUrl(text: string, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
