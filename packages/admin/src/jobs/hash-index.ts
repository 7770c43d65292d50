import { hash, randomBytes } from 'node:crypto'

/**
 * Texts and a number for each, in 12 bytes a text: a hash of 64 bits is kept, not the text. Keyed again in each process, so
 * that no one can write a file with two names of one hash.
 */
export class HashIndex {
  readonly #key = randomBytes(16).toString('hex')
  #slots = 1024
  #size = 0
  #high = new Uint32Array(1024)
  #low = new Uint32Array(1024)
  /** 0: the slot is free. */
  #values = new Uint32Array(1024)

  /** The text's number; undefined for a text that was not set. */
  get(text: string): number | undefined {
    const value = this.#values[this.#slotOf(...this.#hash(text))] ?? 0
    return value === 0 ? undefined : value - 1
  }

  /** Sets the number of a text that has none, and gives the one that it has. */
  add(text: string, value: number): number | undefined {
    const [high, low] = this.#hash(text)
    const slot = this.#slotOf(high, low)
    const present = this.#values[slot] ?? 0
    if (present !== 0) return present - 1
    this.#put(slot, high, low, value + 1)
    this.#size += 1
    if (this.#size * 2 > this.#slots) this.#grow()
    return undefined
  }

  #hash(text: string): readonly [number, number] {
    const digest = hash('sha256', this.#key + text, 'buffer')
    return [digest.readUInt32LE(0), digest.readUInt32LE(4)]
  }

  #slotOf(high: number, low: number): number {
    let slot = low & (this.#slots - 1)
    while (this.#values[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) {
      slot = (slot + 1) & (this.#slots - 1)
    }
    return slot
  }

  #put(slot: number, high: number, low: number, value: number): void {
    this.#high[slot] = high
    this.#low[slot] = low
    this.#values[slot] = value
  }

  #grow(): void {
    const [highs, lows, values] = [this.#high, this.#low, this.#values]
    this.#slots *= 2
    this.#high = new Uint32Array(this.#slots)
    this.#low = new Uint32Array(this.#slots)
    this.#values = new Uint32Array(this.#slots)
    for (let at = 0; at < values.length; at += 1) {
      const [high, low, value] = [highs[at] ?? 0, lows[at] ?? 0, values[at] ?? 0]
      if (value !== 0) this.#put(this.#slotOf(high, low), high, low, value)
    }
  }
}
