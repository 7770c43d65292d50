import type { SealedTokens, SessionRecord } from '../state/index.ts'
import type { SessionContext } from './context.ts'
import type { Grant } from './provider.ts'

/** A session with decrypted tokens. */
export interface LiveSession {
  readonly record: SessionRecord
  readonly tokens: SessionTokens
}

/** The encrypted content of a session's row. */
export interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** When the access token was requested, in milliseconds since the epoch. */
  readonly issuedAt: number
  /** When to refresh the access token, in milliseconds since the epoch. */
  readonly refreshAt: number
  /** When the refresh token expires, if the realm said so. */
  readonly refreshExpiresAt: number | undefined
}

type Identity = Pick<SessionRecord, 'key' | 'issuer' | 'clientId' | 'subject' | 'sid'>

/** Encrypts a grant's tokens for one row and one version of it: they cannot be moved to another. */
export async function sealTokens(
  { config, keyring }: SessionContext,
  grant: Grant,
  identity: Identity,
  version: number,
  previous?: SessionTokens,
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
    refreshAt: grant.accessExpiresAt - Math.min(refreshMargin, lifetime / 2),
  }
  const sealed = await keyring.seal(JSON.stringify(tokens), toBinding(identity, version))
  return { tokens, sealed: { ...sealed, version, accessExpiresAt: grant.accessExpiresAt } }
}

/** Reads a live session of this client; `undefined` if it is missing, expired, another client's or changed. */
export async function readLive(context: SessionContext, key: string): Promise<LiveSession | undefined> {
  const record = await context.store.read(key)
  if (record === undefined || record.expiresAt <= context.config.now()) return undefined
  const tokens = await openTokens(context, record)
  return tokens && { record, tokens }
}

/** Decrypts a row's tokens; `undefined` if their key was removed or the row was changed by others. */
export async function openTokens(
  { config, keyring }: SessionContext,
  record: SessionRecord,
): Promise<SessionTokens | undefined> {
  if (record.issuer !== config.issuer || record.clientId !== config.clientId) return undefined
  const text = await keyring.open(record.tokens, toBinding(record, record.tokens.version))
  return text === undefined ? undefined : (JSON.parse(text) as SessionTokens)
}

function toBinding({ key, issuer, clientId, subject, sid }: Identity, version: number): unknown[] {
  return ['session', key, issuer, clientId, subject, sid ?? null, version]
}
