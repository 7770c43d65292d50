import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionContext } from './context.ts'
import { unavailable } from './provider-error.ts'
import { type LiveSession, readLive, sealTokens } from './vault.ts'

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
 * valid. Otherwise they check again every {@link pause} milliseconds, for at most the duration of the lease.
 */
export function createRefresher(context: SessionContext): Refresher {
  const { config } = context
  /** Per process, the pending refresh of a row: the tabs of one browser share it without a database query. */
  const underWay = new Map<string, Promise<LiveSession | undefined>>()

  return async (live, issuedAfter = 0) => {
    const isFresh = live.tokens.issuedAt >= issuedAfter
    if (config.now() < live.tokens.refreshAt && isFresh) return live
    // Without a refresh token the session ends with its access token.
    if (live.tokens.refreshToken === undefined && lasts(context, live, 0)) return live
    const { key } = live.record
    const running = underWay.get(key)
    if (running !== undefined) return isFresh && lasts(context, live, handling) ? live : await running
    const started = claim(context, live).finally(() => underWay.delete(key))
    underWay.set(key, started)
    return await started
  }
}

/**
 * Resolves to the session with a fresh access token; `undefined` once it has ended.
 *
 * @param issuedAfter A token that was issued before is refreshed even if it is still valid: milliseconds since the epoch.
 */
export type Refresher = (live: LiveSession, issuedAfter?: number) => Promise<LiveSession | undefined>

async function claim(context: SessionContext, live: LiveSession): Promise<LiveSession | undefined> {
  const { config, store } = context
  const { key, tokens } = live.record
  const duration = config.timeout + writeTime
  const holder = randomUUID()
  const deadline = performance.now() + duration
  while (!(await store.claimRefresh(key, tokens.version, holder, duration))) {
    const current = await readLive(context, key)
    if (current === undefined || current.record.tokens.version !== tokens.version) return current
    if (lasts(context, current, handling)) return current
    if (performance.now() > deadline)
      throw unavailable('Another replica is refreshing this session and takes too long')
    await delay(pause)
  }
  return await refresh(context, live, holder)
}

async function refresh(
  context: SessionContext,
  live: LiveSession,
  holder: string,
): Promise<LiveSession | undefined> {
  const { provider, store } = context
  const { record, tokens } = live
  try {
    const grant = tokens.refreshToken === undefined ? undefined : await provider.refresh(tokens.refreshToken)
    // Ended at the provider, or suddenly another user: neither may continue.
    if (grant === undefined || (grant.subject !== undefined && grant.subject !== record.subject))
      return (await end(context, record.key, holder)) ? undefined : await readLive(context, record.key)
    const next = await sealTokens(context, grant, record, record.tokens.version + 1, tokens)
    return (await store.finishRefresh(record.key, holder, next.sealed, record.expiresAt))
      ? { record: { ...record, tokens: next.sealed }, tokens: next.tokens }
      : await readLive(context, record.key)
  } catch (error) {
    // If this fails as well, the lease expires by itself; the first error is the one to report.
    await store.abandonRefresh(record.key, holder).catch(() => {})
    if (lasts(context, live, 0)) return live
    throw error
  }
}

async function end({ store, watchers }: SessionContext, key: string, holder: string): Promise<boolean> {
  const ended = await store.endRefresh(key, holder)
  if (ended) watchers.tell({ key })
  return ended
}

function lasts({ config }: SessionContext, live: LiveSession, milliseconds: number): boolean {
  return live.record.tokens.accessExpiresAt - config.now() > milliseconds
}

/** Milliseconds that a lease is longer than the provider's timeout, to write the result. */
const writeTime = 5_000
/** Milliseconds that an access token must still be valid to be used for a request. */
const handling = 5_000
const pause = 50
