import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { CloakwrightError } from '../errors.ts'
import { unavailable } from '../provider/index.ts'
import type { SessionRecord } from '../state/index.ts'
import type { SessionContext } from './context.ts'
import type { LiveSession } from './live-session.ts'
import { endOf, readLive, sealTokens } from './vault.ts'

/**
 * Keeps access tokens fresh: one grant, however many tabs and replicas need it at the same time.
 *
 * Keycloak ends a session whose refresh token is used twice ("revoke refresh token"), so only one replica may use it.
 * The simple solution is a transaction that holds the row's lock during the HTTP call. It would occupy a database
 * connection for as long as the provider takes. On PGlite, which has one connection, it would deadlock: the embedded
 * realm in the same process needs that connection to respond. Hence three short steps:
 *
 * 1. claim: under the row's lock, if the row was not refreshed since it was read, the lease is written into it;
 * 2. the grant, outside of any transaction;
 * 3. finish: under the row's lock, the new tokens are written, only if we still hold the lease.
 *
 * The lease is longer than the longest possible grant and expires by the database's clock. So a replica that dies
 * between 1 and 3 only delays the next refresh. A holder that lost its lease, to a logout or to another replica after a
 * long stall, writes nothing: the row decides. Replicas that find the lease taken use the access token while it is
 * valid. Otherwise they check again every {@link pause} milliseconds, for at most the duration of the lease
 * and of one more grant.
 *
 * While the realm does not respond, requests with a valid token do not wait for it, and new attempts pause: see
 * `../provider/outage.ts`.
 */
export function createRefresher(context: SessionContext): Refresher {
  const { config, provider } = context
  /** Per process, the pending refresh of a row: the tabs of one browser share it without a database query. */
  const underWay = new Map<string, Promise<LiveSession | undefined>>()

  const start = (live: LiveSession, issuedAfter: number): Promise<LiveSession | undefined> => {
    const { key } = live.record
    const running = underWay.get(key)
    if (running !== undefined) return running
    const started = claim(context, live, issuedAfter).finally(() => underWay.delete(key))
    underWay.set(key, started)
    return started
  }

  const keepFresh = async (
    live: LiveSession,
    issuedAfter: number,
    mayRepeat: boolean,
  ): Promise<LiveSession | undefined> => {
    const { issuedAt, refreshAt, refreshToken } = live.tokens
    const isFresh = issuedAt >= issuedAfter
    if (config.now() < refreshAt && isFresh) return live
    // Without a refresh token the session ends with its access token.
    if (refreshToken === undefined && lasts(context, live, 0)) return live
    const isUsable = isFresh && lasts(context, live, handling)
    const failure = provider.outage.current()
    if (failure !== undefined) {
      if (isFresh && lasts(context, live, 0)) return live
      throw failure
    }
    // Another request waits for the refresh already.
    if (isUsable && underWay.has(live.record.key)) return live
    const refreshed = start(live, issuedAfter)
    if (isUsable) return await within(config.timeout / 10, refreshed, live)
    const current = await refreshed
    // It may be the result of a refresh that another request or replica had begun before: it has the roles from then.
    const isOlder = current !== undefined && current.tokens.issuedAt < issuedAfter
    return isOlder && mayRepeat ? await keepFresh(current, issuedAfter, false) : current
  }
  return (live, issuedAfter = 0) => keepFresh(live, issuedAfter, true)
}

/**
 * Resolves to the session with a fresh access token; `undefined` once it has ended.
 *
 * @param issuedAfter A token that was issued before is refreshed even if it is still valid: milliseconds since the epoch.
 */
export type Refresher = (live: LiveSession, issuedAfter?: number) => Promise<LiveSession | undefined>

/** A request with a valid token waits only for so many milliseconds for a new one; the refresh goes on. */
async function within(
  milliseconds: number,
  refreshed: Promise<LiveSession | undefined>,
  live: LiveSession,
): Promise<LiveSession | undefined> {
  const late = new AbortController()
  try {
    return await Promise.race([refreshed, delay(milliseconds, live, { signal: late.signal, ref: false })])
  } finally {
    late.abort()
  }
}

async function claim(
  context: SessionContext,
  live: LiveSession,
  issuedAfter: number,
): Promise<LiveSession | undefined> {
  const { config, store } = context
  const { key, tokens } = live.record
  const duration = config.timeout + writeTime
  const holder = randomUUID()
  // A holder that died keeps the lease to its end; then another replica makes the grant.
  const deadline = performance.now() + duration + config.timeout
  while (!(await store.claimRefresh(key, tokens.version, holder, duration))) {
    const current = await readLive(context, key)
    if (current === undefined || current.record.tokens.version !== tokens.version) return current
    if (current.tokens.issuedAt >= issuedAfter && lasts(context, current, handling)) return current
    if (performance.now() > deadline)
      throw unavailable('Another replica is refreshing this session and takes too long')
    await delay(pause)
  }
  return await refresh(context, live, holder, issuedAfter)
}

async function refresh(
  context: SessionContext,
  live: LiveSession,
  holder: string,
  issuedAfter: number,
): Promise<LiveSession | undefined> {
  const { cache, config, provider, store } = context
  const { record, tokens } = live
  try {
    const grant = tokens.refreshToken === undefined ? undefined : await provider.refresh(tokens.refreshToken)
    // Ended at the provider, or suddenly another user: neither may continue.
    if (grant === undefined || (grant.subject !== undefined && grant.subject !== record.subject))
      return (await end(context, record, holder)) ? undefined : await readLive(context, record.key)
    const next = await sealTokens(context, grant, record, record.tokens.version + 1, tokens)
    const expiresAt = endOf(config, record.lastSeenAt, record.absoluteExpiresAt, grant.refreshExpiresAt)
    if (!(await finish(() => store.finishRefresh(record.key, holder, next.sealed, expiresAt))))
      return await readLive(context, record.key)
    cache.forget({ key: record.key })
    return { record: { ...record, tokens: next.sealed, expiresAt }, tokens: next.tokens, data: live.data }
  } catch (error) {
    // If this fails as well, the lease expires by itself; the first error is the one to report.
    await store.abandonRefresh(record.key, holder).catch(() => {})
    if (tokens.issuedAt >= issuedAfter && lasts(context, live, 0)) return live
    throw error
  }
}

/**
 * Writes the result again while the lease lasts, if the store is restarted just now: the realm may not accept the old refresh
 * token a second time.
 */
async function finish(write: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + writeTime
  for (;;) {
    try {
      return await write()
    } catch (error) {
      const isOutage = error instanceof CloakwrightError && error.code === 'CW_STATE_UNAVAILABLE'
      if (!isOutage || performance.now() > deadline) throw error
      await delay(pause)
    }
  }
}

async function end(
  { hooks, store, watchers }: SessionContext,
  record: SessionRecord,
  holder: string,
): Promise<boolean> {
  const ended = await store.endRefresh(record.key, holder)
  if (!ended) return false
  watchers.tell({ key: record.key })
  await hooks.logout(record, 'realm')
  return true
}

function lasts({ config }: SessionContext, live: LiveSession, milliseconds: number): boolean {
  return live.record.tokens.accessExpiresAt - config.now() > milliseconds
}

/** Milliseconds that a lease is longer than the provider's timeout, to write the result. */
const writeTime = 5_000
/** Milliseconds that an access token must still be valid to be used for a request. */
const handling = 5_000
const pause = 50
