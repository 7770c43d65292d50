/** `@cloakwright/admin/audit`: who changed what: a trail that shows tampering, and Keycloak's own events. */

export type { AuditEntry, Seal, SealedBatch, TrailHead } from './chain/index.ts'
export type { EventGap, FollowOptions } from './events/index.ts'
export {
  type AdminEvent,
  type FollowEventsOptions,
  followEvents,
  followUserEvents,
  type UserEvent,
} from './events/index.ts'
export {
  type AuditSink,
  auditGrants,
  auditMigrations,
  functionSink,
  type NdjsonSink,
  ndjsonSink,
  postgresSink,
  type TrailLine,
  type TrailSource,
} from './sinks/index.ts'
export {
  type AuditEntriesOptions,
  type AuditTrail,
  type AuditTrailOptions,
  auditEntries,
  createAuditTrail,
  headFile,
  readHeads,
  type TrailProblem,
  type TrailReport,
  verifyTrail,
} from './trail/index.ts'
