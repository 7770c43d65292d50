import { randomUUID } from 'node:crypto'
import type { SessionRecord } from 'cloakwright/state'

const minute = 60_000

/** A session that has begun now. */
export function newRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now()
  return {
    key: randomUUID(),
    issuer: 'https://id.example/realms/r',
    clientId: 'app',
    sid: randomUUID(),
    subject: randomUUID(),
    tokens: { version: 1, keyId: 'k1', sealed: new Uint8Array([0, 1, 255]), accessExpiresAt: now + minute },
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + 30 * minute,
    absoluteExpiresAt: now + 600 * minute,
    ...changes,
  }
}
