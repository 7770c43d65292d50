/** Drops the entries that came first until no more than `most` are left: what is kept in memory is bounded. */
export function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return
    map.delete(key)
  }
}
