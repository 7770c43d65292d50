import { sha256 } from '../sealing.ts'
import type { ListedSession, SessionRecord } from '../state/index.ts'
import { foundOf } from './browser-session.ts'
import type { SessionContext } from './context.ts'
import { namesOf, openDevice } from './device.ts'
import { endAtRealm, endHere } from './end-session.ts'
import { atMost, patience } from './hooks.ts'
import type { LiveSession, SessionTokens } from './live-session.ts'
import type { SessionEngine, SessionInfo } from './types.ts'
import { openTokens } from './vault.ts'

/** Maximum length of a user's list. */
const maxListed = 100
/** Requests to the realm at the same time. */
const lanes = 10

/** The functions of every engine; a session knows its own. */
export const userSessions: Pick<SessionEngine, 'list' | 'end' | 'endOthers'> = {
  async list(session) {
    const { context, live } = foundOf(session, 'list()')
    return await listSessions(context, live)
  },
  async end(session, id) {
    const { context, live } = foundOf(session, 'end()')
    return await endOneSession(context, live, id)
  },
  async endOthers(session) {
    const { context, live } = foundOf(session, 'endOthers()')
    return await endOtherSessions(context, live)
  },
}

/** The live sessions of a session's user with this client; this one first, then those that were used last. */
export async function listSessions(
  context: SessionContext,
  { record }: LiveSession,
): Promise<readonly SessionInfo[]> {
  const others = (await listOthers(context, record)).toSorted(
    (one, other) => other.lastSeenAt - one.lastSeenAt,
  )
  const all: readonly ListedSession[] = [record, ...others.slice(0, maxListed - 1)]
  return await Promise.all(all.map((listed) => describe(context, listed, listed === record)))
}

/** Ends one of them, also this one; `false` if none has this id. */
export async function endOneSession(
  context: SessionContext,
  live: LiveSession,
  id: string,
): Promise<boolean> {
  const { record } = live
  if (idOf(record) === id) return (await endAll(context, record, [record])) > 0
  const found = (await listOthers(context, record)).find((listed) => idOf(listed) === id)
  return found !== undefined && (await endAll(context, record, [found])) > 0
}

/** Ends all of them but this one, and resolves to their number. A login during this call is not affected. */
export async function endOtherSessions(context: SessionContext, { record }: LiveSession): Promise<number> {
  const startedAt = context.config.now()
  let ended = 0
  for (;;) {
    const others = await listOthers(context, record)
    const endedNow = await endAll(
      context,
      record,
      others.filter(({ createdAt }) => createdAt <= startedAt),
    )
    ended += endedNow
    // Without one that this call ended, the rest is newer, or somebody else ends it.
    if (endedNow === 0 || others.length < maxListed - 1) return ended
  }
}

/** Whether this is the id of the session itself. */
export function isIdOf({ record }: LiveSession, id: string): boolean {
  return idOf(record) === id
}

async function listOthers(
  { config, store }: SessionContext,
  { key, issuer, clientId, subject }: SessionRecord,
): Promise<readonly ListedSession[]> {
  const listed = await store.list({ issuer, clientId, subject }, config.now(), maxListed)
  return listed.filter((other) => other.key !== key)
}

/** Derived, so that no browser learns the key of a row. */
function idOf({ key }: Pick<SessionRecord, 'key'>): string {
  return sha256(`session ${key}`).slice(0, 22)
}

async function describe(
  { keyring }: SessionContext,
  listed: ListedSession,
  current: boolean,
): Promise<SessionInfo> {
  const device = await openDevice(keyring, listed)
  const { createdAt, lastSeenAt, expiresAt } = listed
  const { browser, system } = namesOf(device)
  const { userAgent, address } = device
  return { id: idOf(listed), current, browser, system, userAgent, address, createdAt, lastSeenAt, expiresAt }
}

/**
 * Ends sessions of one user: all of them here, then at the realm. If the store fails for some, the others still end at the
 * realm: they are in no list any more, so that nobody could end them there later.
 */
async function endAll(
  context: SessionContext,
  own: SessionRecord,
  sessions: readonly Pick<SessionRecord, 'key'>[],
): Promise<number> {
  const results = await Promise.allSettled(sessions.map(({ key }) => endOne(context, own, key)))
  const ended = results.flatMap((result) => (result.status === 'fulfilled' ? (result.value ?? []) : []))
  const atRealm = ended.flatMap(({ tokens }) => tokens ?? [])
  const work = Array.from({ length: lanes }, async () => {
    for (let next = atRealm.pop(); next !== undefined; next = atRealm.pop()) await endAtRealm(context, next)
  })
  await atMost(patience, Promise.all([...work, ...ended.map(({ told }) => told)]))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return ended.length
}

interface EndedSession {
  /** The tokens to end at the realm; `undefined` if there is nothing to end. */
  readonly tokens: SessionTokens | undefined
  readonly told: Promise<void>
}

async function endOne(
  context: SessionContext,
  own: SessionRecord,
  key: string,
): Promise<EndedSession | undefined> {
  const record = await context.store.read(key)
  if (record === undefined) return undefined
  const tokens = await openTokens(context, record)
  const isOwn = key === own.key
  // A browser that lost its cookie, and signed in again without a password, has two sessions here and one at the realm.
  const sharesSid = !isOwn && record.sid !== undefined && record.sid === own.sid
  if (!(await endHere(context, record, tokens, sharesSid))) return undefined
  const told = context.hooks.logout(record, isOwn ? 'logout' : 'device')
  return { tokens: sharesSid ? undefined : tokens, told }
}
