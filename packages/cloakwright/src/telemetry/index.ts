export type { RealmRequest, Telemetry } from './types.ts'
