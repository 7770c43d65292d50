export type { Admission, Answer, LogEntry, Refused, ShownProblem } from './admission.ts'
export type { ChallengeHeader, ErrorResponse, FormatError } from './error-format.ts'
export { createGuard, type Guard } from './guard.ts'
export { checkPolicy, noGuard, notRegistered, noWriteHead } from './mistakes.ts'
export type { GuardOptions } from './options.ts'
export { toRefused } from './refusal.ts'
export {
  bodyAndId,
  type Framework,
  fromIncoming,
  fromWebRequest,
  type GuardedRequest,
  readForm,
  refuseSecondToken,
} from './request/index.ts'
export type { ResourceOptions } from './resource.ts'
export { createGuards, type Guards, type Middleware } from './route-guards.ts'
export { toSessionRequest } from './session-request.ts'
export {
  type ClosableSocket,
  closeBy,
  createTickets,
  type Tickets,
  type TicketsOptions,
} from './websocket/index.ts'
