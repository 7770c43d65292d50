import { randomUUID } from 'node:crypto'
import { badRequest, duplicate } from './errors.ts'

/** The length of Keycloak's id columns. */
const longest = 36

/**
 * The id in the body, or a new one.
 *
 * @throws {AdminError} 409 for an existing id, 400 for an invalid one
 */
export function newId(
  taken: { get(id: string): unknown },
  given: string | undefined,
  isTaken: () => Error = duplicate,
): string {
  if (given === undefined) return randomUUID()
  if (given === '' || given.length > longest) {
    throw badRequest('invalid_input', `An id must have 1 to ${longest} characters`)
  }
  if (taken.get(given) !== undefined) throw isTaken()
  return given
}

/** Whether a list has duplicates. */
export function hasTwice(names: readonly (string | undefined)[]): boolean {
  const given = names.filter((name) => name !== undefined)
  return new Set(given).size < given.length
}
