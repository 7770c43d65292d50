export type { Admission, Answer, LogEntry, Refused, ShownProblem } from './admission.ts'
export type { ErrorResponse, FormatError } from './error-format.ts'
export { createGuard, type Guard } from './guard.ts'
export { checkPolicy, noGuard, notRegistered } from './mistakes.ts'
export { type Middleware, sendAnswer } from './node-middleware.ts'
export type { GuardOptions } from './options.ts'
export { unguarded } from './refusal.ts'
export {
  bodyAndId,
  credentialsOf,
  type Framework,
  fromIncoming,
  fromWebRequest,
  type GuardedRequest,
  readForm,
  refuseSecondToken,
} from './request/index.ts'
export type { ResourceMetadata, ResourceOptions } from './resource.ts'
export { createGuards, type Guards } from './route-guards.ts'
export {
  type ClosableSocket,
  closeBy,
  createTickets,
  type Tickets,
  type TicketsOptions,
} from './websocket/index.ts'
