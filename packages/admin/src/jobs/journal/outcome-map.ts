import type { Outcome } from './journal-records.ts'

const codes: readonly (Outcome | undefined)[] = [
  undefined,
  'created',
  'changed',
  'present',
  'existing',
  'rejected',
]

/** How the rows of a file ended, by line: a byte each, whatever their number. */
export class OutcomeMap {
  #bytes = new Uint8Array(1024)

  get(line: number): Outcome | undefined {
    return codes[this.#bytes[line] ?? 0]
  }

  set(line: number, outcome: Outcome): void {
    if (line >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(line + 1, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes[line] = codes.indexOf(outcome)
  }
}
