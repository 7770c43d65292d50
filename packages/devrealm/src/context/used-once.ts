/**
 * Used values that can be used only once: client assertions, one-time codes. Each is remembered as long as it would be
 * accepted.
 */
export class UsedOnce {
  readonly #ends = new Map<string, number>()

  /** Whether this is its first use. Times are milliseconds since the epoch. */
  use(id: string, end: number, now: number): boolean {
    for (const [other, over] of this.#ends) {
      if (over > now) break
      this.#ends.delete(other)
    }
    if ((this.#ends.get(id) ?? now) > now) return false
    this.#ends.delete(id)
    this.#ends.set(id, end)
    return true
  }
}
