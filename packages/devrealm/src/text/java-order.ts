/**
 * Orders names as a Java `HashMap` iterates over them. Keycloak keeps claims and role names in such maps, so this is their
 * order in its tokens, and clients that compare strings see the same. A map has at `least` 16 buckets, unless it was created as
 * a copy of a small one.
 */
export function javaOrder(names: readonly string[], least = 16): string[] {
  let capacity = least
  while (names.length > capacity * 0.75) capacity *= 2
  return [...new Set(names)]
    .map((name, index) => ({ name, index, bucket: spread(hashCode(name)) & (capacity - 1) }))
    .sort((a, b) => a.bucket - b.bucket || a.index - b.index)
    .map(({ name }) => name)
}

function hashCode(text: string): number {
  let hash = 0
  for (let index = 0; index < text.length; index++) hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0
  return hash
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16)
}
