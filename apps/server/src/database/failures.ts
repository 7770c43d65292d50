import { toStateError } from 'cloakwright/state'
import { DrizzleQueryError } from 'drizzle-orm'

/**
 * Runs a query and turns what the ORM throws into an error that may be logged: Drizzle's message lists the
 * parameters, PostgreSQL's detail quotes the values.
 *
 * @throws {CW_STATE_UNAVAILABLE} PostgreSQL can't be reached or is shutting down.
 */
export async function query<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toStateError(error instanceof DrizzleQueryError ? error.cause : error)
  }
}
