import { randomBytes } from 'node:crypto'

/** A random string from the given number of bytes. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
