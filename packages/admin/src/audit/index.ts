export { auditGrants, auditMigrations } from './migrations.ts'
export type { Seal, SealedBatch, TrailHead } from './chain.ts'
export { auditEntries, type AuditEntriesOptions } from './entries.ts'
export type { AuditEntry } from './entry.ts'
export { headFile, readHeads } from './head-file.ts'
export { type NdjsonSink, ndjsonSink } from './ndjson.ts'
export { postgresSink } from './postgres.ts'
export { withReason } from './reason.ts'
export { type AuditSink, functionSink, type TrailLine, type TrailSource } from './sink.ts'
export { type AuditTrail, type AuditTrailOptions, createAuditTrail } from './trail.ts'
export { type TrailProblem, type TrailReport, verifyTrail } from './verify.ts'
export {
  type AdminEvent,
  followEvents,
  type FollowEventsOptions,
  followUserEvents,
  type UserEvent,
} from './follow.ts'
export type { EventGap, FollowOptions } from './reader.ts'
export type { EventOrigin } from './match.ts'
