import { randomUUID } from 'node:crypto'
import { badRequest, duplicate } from './errors.ts'

/** As long as Keycloak's columns for ids. */
const longest = 36

/**
 * The id that a body gives to what it adds, or a new one.
 *
 * @throws {AdminError} 409 for one that is taken, 400 for one that is none
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

/** Whether a list names one thing twice. */
export function hasTwice(names: readonly (string | undefined)[]): boolean {
  const given = names.filter((name) => name !== undefined)
  return new Set(given).size < given.length
}
