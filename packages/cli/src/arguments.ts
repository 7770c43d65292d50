import { InvalidArgumentError } from 'commander'

/** For commander: a TCP port. */
export function toPort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a number from 1 to 65535.')
}

/** For commander: a base URL, without a trailing slash. */
export function toServer(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('It must be a URL such as http://localhost:8080.')
}
