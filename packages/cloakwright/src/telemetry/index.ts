export { observeFetch, observeRefusals } from './observe.ts'
export type { RealmRequest, Telemetry } from './types.ts'
