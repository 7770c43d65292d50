/** `@cloakwright/admin/audit`: who changed what: a trail that shows tampering, and Keycloak's own events. */

export type { Seal, SealedBatch, TrailHead } from './chain.ts'
export { type AuditEntriesOptions, auditEntries } from './entries.ts'
export type { AuditEntry } from './entry.ts'
export {
  type AdminEvent,
  type FollowEventsOptions,
  followEvents,
  followUserEvents,
  type UserEvent,
} from './follow.ts'
export { headFile, readHeads } from './head-file.ts'
export { auditGrants, auditMigrations } from './migrations.ts'
export { type NdjsonSink, ndjsonSink } from './ndjson.ts'
export { postgresSink } from './postgres.ts'
export type { EventGap, FollowOptions } from './reader.ts'
export { type AuditSink, functionSink, type TrailLine, type TrailSource } from './sink.ts'
export { type AuditTrail, type AuditTrailOptions, createAuditTrail } from './trail.ts'
export { type TrailProblem, type TrailReport, verifyTrail } from './verify.ts'
