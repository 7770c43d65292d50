import type { Client, Realm, UserSession } from '../../model/index.ts'
import { sessionEnds } from '../sessions.ts'
import type { Grant } from './grant.ts'

/** Access tokens expire no later than their session. */
export function accessTokenEnd({ realm, client, now, session, offline, lifespan }: Grant): number {
  const end = now + (lifespan ?? override(client, 'access.token.lifespan') ?? realm.info.accessTokenLifespan)
  return session === undefined ? end : Math.min(end, sessionEnds(realm.info, session, offline === true).max)
}

export function refreshTokenEnd(grant: Grant, session: Readonly<UserSession>): number | undefined {
  const { realm, client, now, clientSession } = grant
  const { info } = realm
  const ends = sessionEnds(info, { ...session, lastAccess: now }, grant.offline === true)
  if (grant.offline) return Number.isFinite(ends.max) ? Math.min(ends.max, ends.idle) : undefined
  const idle = clientLimit(client, 'client.session.idle.timeout', info, 'clientSessionIdleTimeout')
  const max = clientLimit(client, 'client.session.max.lifespan', info, 'clientSessionMaxLifespan')
  return Math.min(
    ends.max,
    ends.idle,
    idle === undefined ? Number.POSITIVE_INFINITY : now + idle,
    max === undefined ? Number.POSITIVE_INFINITY : (clientSession?.start ?? now) + max,
  )
}

function clientLimit(
  client: Readonly<Client>,
  attribute: string,
  info: Readonly<Realm>,
  setting: 'clientSessionIdleTimeout' | 'clientSessionMaxLifespan',
): number | undefined {
  return override(client, attribute) ?? (info[setting] > 0 ? info[setting] : undefined)
}

/** A positive number in a client attribute. */
function override(client: Readonly<Client>, attribute: string): number | undefined {
  const value = Number(client.attributes[attribute])
  return value > 0 ? value : undefined
}
