import type { SessionFeed } from './ports.ts'
import { followChannel } from './session-feed.ts'
import type { SqlClient } from './sql.ts'

/** The channel on which a trigger of the table tells the keys of changed sessions. */
const channel = 'cloakwright_sessions'
/** Told instead of a key: all sessions. */
const all = '*'

/** Follows the changes of sessions. PostgreSQL delivers notifications in the order of their commits. */
export async function followSessions(
  sql: SqlClient,
  onChanged: (key: string | undefined) => void,
): Promise<SessionFeed> {
  return await followChannel(
    {
      listen: (onMessage, onReconnected) => sql.listen(channel, onMessage, onReconnected),
      send: (message) => sql.query('SELECT pg_notify($1, $2)', [channel, message]),
    },
    (key) => onChanged(key === all ? undefined : key),
  )
}
