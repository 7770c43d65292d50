export type { Framework, GuardedRequest } from './guarded-request.ts'
export { bodyAndId, fromIncoming } from './node-request.ts'
export { nothingGiven, refuseSecondToken } from './second-token.ts'
export { fromWebRequest, readForm } from './web-request.ts'
