/**
 * JSON in one spelling, so that a hash of it can be computed again: the JSON Canonicalization Scheme (RFC 8785). Members
 * are sorted by their UTF-16 code units, there is no white space, numbers and texts are as ECMAScript writes them. What
 * that scheme or PostgreSQL's JSON does not take, lone surrogates and NUL, becomes U+FFFD.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.replace(/\p{Surrogate}/gu, '\ufffd').replaceAll('\0', '\ufffd'))
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, each]) => each !== undefined && typeof each !== 'function')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${canonicalJson(name)}:${canonicalJson(each)}`)
  return `{${members.join(',')}}`
}
