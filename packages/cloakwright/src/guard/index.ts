export type { Admission, Admitted, Answer, LogEntry, Redirected, Refused, ShownProblem } from './admission.ts'
export type { ErrorResponse, FormatError } from './error-format.ts'
export { createGuard, type Guard } from './guard.ts'
export { noGuard, noSessions, notRegistered } from './mistakes.ts'
export { type Middleware, sendAnswer, sendResponse, serveRoutes } from './node-middleware.ts'
export { endable } from './open-response.ts'
export type { GuardOptions } from './options.ts'
export { createProtect, type Protect, sessionOf, toWebResponse, visitOf, webFramework } from './protect.ts'
export { unguarded } from './refusal.ts'
export { reportFailure } from './report-refusal.ts'
export {
  credentialsOf,
  type Framework,
  frameworkOfNode,
  fromIncoming,
  fromWebRequest,
  type GuardedRequest,
  nothingGiven,
  readForm,
  refuseSecondToken,
} from './request/index.ts'
export type { ResourceMetadata, ResourceOptions } from './resource.ts'
export { createGuards, type Guards } from './route-guards.ts'
export type { Rule } from './rule.ts'
export type { SessionRoutes } from './session-routes.ts'
export {
  type ClosableSocket,
  closeBy,
  createTickets,
  type Tickets,
  type TicketsOptions,
} from './websocket/index.ts'
