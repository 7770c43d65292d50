import type { Json } from './http.ts'

/** The header and the claims of a JWT, not verified. */
export function decode(jwt: string): { header: Json; claims: Json } {
  const [header = '', claims = ''] = jwt.split('.').map((part) => Buffer.from(part, 'base64url').toString())
  return { header: JSON.parse(header), claims: JSON.parse(claims) }
}
