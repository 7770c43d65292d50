import { toStateError } from 'cloakwright/state'
import { DrizzleQueryError } from 'drizzle-orm'

/**
 * Runs a query and converts the ORM's error into one that is safe to log: Drizzle's message contains the
 * parameters, PostgreSQL's detail quotes the values.
 *
 * @throws {CW_STATE_UNAVAILABLE} PostgreSQL cannot be reached or is shutting down.
 */
export async function query<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toStateError(error instanceof DrizzleQueryError ? error.cause : error)
  }
}
