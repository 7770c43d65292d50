import type { UserRepresentation } from '../../client/index.ts'
import { HashIndex } from '../../jobs/index.ts'

/** Which fields and attributes a row has: mostly those of all rows of a file. */
interface Shape {
  readonly fields: readonly (keyof UserRepresentation)[]
  readonly attributes: readonly string[]
}

/**
 * Which users of a file were seen exactly as the file has them, in less than 100 bytes a user, whatever its fields. Another
 * user is not wrong yet: it is to be read and compared field by field.
 */
export class Fingerprints {
  /** The user's id → its number. */
  readonly #users = new HashIndex()
  /** The user's values → its number. */
  readonly #values = new HashIndex()
  readonly #shapes: Shape[] = []
  readonly #shapeOf = new Map<string, number>()
  /** By the user's number: that of its shape, from 1; 0 when it was seen so. */
  #shapeOfUser = new Uint32Array(1024)
  #count = 0
  #confirmed = 0

  /** How many users are not confirmed. */
  get open(): number {
    return this.#count - this.#confirmed
  }

  /** `values` are the fields that the row has, and no others. */
  want(id: string, values: UserRepresentation): void {
    const { attributes = {}, ...fields } = values
    const shape = {
      fields: Object.keys(fields) as (keyof UserRepresentation)[],
      attributes: Object.keys(attributes),
    }
    const number = this.#count
    this.#count += 1
    if (number === this.#shapeOfUser.length) {
      const grown = new Uint32Array(number * 2)
      grown.set(this.#shapeOfUser)
      this.#shapeOfUser = grown
    }
    this.#shapeOfUser[number] = this.#numberOf(shape)
    this.#users.add(id, number)
    this.#values.add(textOf(id, values, shape), number)
  }

  /** Says whether a user that was read is for the first time as the file has it. */
  confirms(user: UserRepresentation): boolean {
    const id = user.id ?? ''
    const number = this.#users.get(id)
    if (number === undefined) return false
    const shape = this.#shapes[(this.#shapeOfUser[number] ?? 0) - 1]
    if (shape === undefined || this.#values.get(textOf(id, user, shape)) !== number) return false
    this.#shapeOfUser[number] = 0
    this.#confirmed += 1
    return true
  }

  isConfirmed(id: string): boolean {
    const number = this.#users.get(id)
    return number !== undefined && this.#shapeOfUser[number] === 0
  }

  #numberOf(shape: Shape): number {
    const key = JSON.stringify(shape)
    let number = this.#shapeOf.get(key)
    if (number === undefined) {
      number = this.#shapes.push(shape)
      this.#shapeOf.set(key, number)
    }
    return number
  }
}

function textOf(id: string, user: UserRepresentation, { fields, attributes }: Shape): string {
  const found = new Map(Object.entries((user.attributes ?? {}) as Readonly<Record<string, unknown>>))
  return JSON.stringify([id, fields.map((field) => user[field]), attributes.map((name) => found.get(name))])
}
