import type { SealedTokens, SessionRecord } from '../state/index.ts'
import type { SessionContext } from './context.ts'
import type { Grant } from './provider.ts'

/** A session whose tokens are open. */
export interface LiveSession {
  readonly record: SessionRecord
  readonly tokens: SessionTokens
}

/** What is sealed in a session's row. */
export interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** From when on the access token is to be refreshed, in milliseconds since the epoch. */
  readonly refreshAt: number
}

type Identity = Pick<SessionRecord, 'key' | 'issuer' | 'clientId' | 'subject' | 'sid'>

/** Seals a grant's tokens for one row, and for one version of it: neither can be put into another's place. */
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
    // RFC 6749 section 6: without a new refresh token, the old one stays.
    refreshToken: grant.refreshToken ?? previous?.refreshToken,
    idToken: grant.idToken ?? previous?.idToken,
    refreshAt: grant.accessExpiresAt - Math.min(refreshMargin, lifetime / 2),
  }
  const sealed = await keyring.seal(JSON.stringify(tokens), toBinding(identity, version))
  return { tokens, sealed: { ...sealed, version, accessExpiresAt: grant.accessExpiresAt } }
}

/** Reads a session that is alive for this client; `undefined` if it is gone, expired, another client's or changed. */
export async function readLive(context: SessionContext, key: string): Promise<LiveSession | undefined> {
  const record = await context.store.read(key)
  if (record === undefined || record.expiresAt <= context.config.now()) return undefined
  const tokens = await openTokens(context, record)
  return tokens && { record, tokens }
}

/** Opens a row's tokens; `undefined` if their key is gone, or the row was changed by others. */
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
