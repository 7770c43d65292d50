import type { SealedTokens, SessionRecord } from '../state/index.ts'
import type { SessionConfig } from './config.ts'
import type { SessionContext } from './context.ts'
import type { LiveSession, SessionTokens } from './live-session.ts'
import type { Grant } from './provider.ts'
import { openData } from './session-data.ts'

/** What the encrypted values of a row are bound to. */
export type SessionIdentity = Pick<SessionRecord, 'key' | 'issuer' | 'clientId' | 'subject' | 'sid'>

/** Encrypts a grant's tokens for one row and one version of it: they cannot be moved to another. */
export async function sealTokens(
  { config, keyring }: SessionContext,
  grant: Grant,
  identity: SessionIdentity,
  version: number,
  previous?: Partial<SessionTokens>,
): Promise<{ readonly sealed: SealedTokens; readonly tokens: SessionTokens }> {
  const { now, refreshMargin } = config
  const lifetime = Math.max(0, grant.accessExpiresAt - now())
  const tokens: SessionTokens = {
    accessToken: grant.accessToken,
    // RFC 6749 section 6: without a new refresh token, the old one stays valid.
    refreshToken: grant.refreshToken ?? previous?.refreshToken,
    idToken: grant.idToken ?? previous?.idToken,
    issuedAt: grant.issuedAt,
    refreshExpiresAt: grant.refreshExpiresAt,
    stepUp: previous?.stepUp,
    stepUps: previous?.stepUps,
    refreshAt: refreshTimeOf(grant, Math.min(refreshMargin, lifetime / 2)),
  }
  const sealed = await keyring.seal(JSON.stringify(tokens), toBinding(config, identity, version))
  return { tokens, sealed: { ...sealed, version, accessExpiresAt: grant.accessExpiresAt } }
}

/**
 * When to refresh: before the access token expires, and before the refresh token does, which may live no longer. The
 * realm counts its own idle timeout from the last refresh.
 */
function refreshTimeOf({ issuedAt, accessExpiresAt, refreshExpiresAt }: Grant, margin: number): number {
  const inTime = accessExpiresAt - margin
  const refreshLifetime = (refreshExpiresAt ?? Infinity) - issuedAt
  // At the end of the realm's session, no refresh makes it longer.
  return refreshLifetime > 4 * margin ? Math.min(inTime, issuedAt + refreshLifetime / 2) : inTime
}

/** When a session ends that is used now and not again: by its own idle timeout, or when the realm no longer refreshes it. */
export function endOf(
  config: SessionConfig,
  now: number,
  absoluteExpiresAt: number,
  refreshExpiresAt: number | undefined,
): number {
  return Math.min(now + config.idleTimeout, absoluteExpiresAt, refreshExpiresAt ?? Infinity)
}

/** Reads a live session of this client; `undefined` if it is missing, expired, another client's or changed. */
export async function readLive(context: SessionContext, key: string): Promise<LiveSession | undefined> {
  const record = await context.store.read(key)
  if (record === undefined || record.expiresAt <= context.config.now()) return undefined
  const tokens = await openTokens(context, record)
  const data = tokens && (await openData(context.keyring, record))
  return data && { record, tokens, data: data.value }
}

/** Whether a session that was read before has not expired since. */
export function isLive({ config }: SessionContext, { record }: LiveSession): boolean {
  return record.expiresAt > config.now()
}

/** Decrypts a row's tokens; `undefined` if their key was removed, or the row is of another service or was changed by others. */
export async function openTokens(
  { config, keyring }: SessionContext,
  record: SessionRecord,
): Promise<SessionTokens | undefined> {
  if (record.issuer !== config.issuer || record.clientId !== config.clientId) return undefined
  const text = await keyring.open(record.tokens, toBinding(config, record, record.tokens.version))
  return text === undefined ? undefined : (JSON.parse(text) as SessionTokens)
}

function toBinding(
  { baseUrl }: SessionConfig,
  { key, issuer, clientId, subject, sid }: SessionIdentity,
  version: number,
): unknown[] {
  return ['session', key, issuer, clientId, baseUrl, subject, sid ?? null, version]
}
