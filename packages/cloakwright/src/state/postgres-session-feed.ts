import { randomUUID } from 'node:crypto'
import type { SessionFeed } from './ports.ts'
import type { SqlClient } from './sql.ts'

/**
 * The channel on which a trigger of the table tells the keys of changed sessions: hashes of their cookies, which cannot be
 * used to sign in.
 */
const channel = 'cloakwright_sessions'
/** Told instead of a key: all sessions. */
const all = '*'
/** Marks a notification that a follower sends to itself. */
const echo = 'echo:'

/**
 * Follows the changes of sessions. PostgreSQL delivers notifications in the order of their commits. So a follower that
 * receives its own echo has received every change that was committed before it. Any database role may notify on the
 * channel: a forged key only causes one more read.
 */
export async function followSessions(
  sql: SqlClient,
  onChanged: (key: string | undefined) => void,
): Promise<SessionFeed> {
  let awaited: { readonly payload: string; readonly arrived: () => void } | undefined
  const close = await sql.listen(
    channel,
    (payload) => {
      if (!payload.startsWith(echo)) onChanged(payload === all ? undefined : payload)
      else if (payload === awaited?.payload) awaited.arrived()
    },
    () => onChanged(undefined),
  )
  return {
    async caughtUp() {
      const payload = echo + randomUUID()
      const arrival = new Promise<void>((arrived) => {
        awaited = { payload, arrived }
      })
      await sql.query('SELECT pg_notify($1, $2)', [channel, payload])
      await arrival
    },
    close,
  }
}
