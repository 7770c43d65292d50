import { randomBytes } from 'node:crypto'

/** Random text of so many bytes. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
