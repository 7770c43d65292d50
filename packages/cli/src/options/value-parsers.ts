import { InvalidArgumentError } from 'commander'

/** For commander: a TCP port. */
export function toPort(text: string): number {
  const port = Number(text)
  if (/^[1-9]\d*$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a port number from 1 to 65535.')
}

/** For commander: a base URL, without a trailing slash. */
export function toServer(text: string): string {
  // No credentials, query, fragment or wildcard; and no slash that a URL parser would add.
  const isBase = /^https?:\/\/[^/?#\\@\s*]+(?:\/[^?#\\\s]*)?$/i.test(text)
  if (isBase && isUrl(text)) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError(
    'It must be a URL with scheme, host, port and path only, such as http://localhost:8080.',
  )
}

/** Not by `URL.canParse`: once optimized, that of Node 20 refuses URLs with Latin-1 characters that are not ASCII. */
function isUrl(text: string): boolean {
  try {
    return new URL(text) instanceof URL
  } catch {
    return false
  }
}

/** For commander: a number of seconds. */
export function toSeconds(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number of seconds.')
}

/** For commander: a repeatable option. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** For commander: a whole number, 1 or more. */
export function toCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 1 or more.')
}
