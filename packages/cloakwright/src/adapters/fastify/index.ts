export type { ForwardedRequest, ForwardOptions } from '../../forward/index.ts'
export { type FastifyForward, forward } from './forward.ts'
export {
  allowAnonymous,
  type FastifyGuard,
  requireAudience,
  requireClientRole,
  requirePolicy,
  requireRole,
  requireScope,
  requireUser,
} from './guards.ts'
export { type CloakwrightOptions, cloakwright } from './plugin.ts'
export { sendProblem } from './problem.ts'
export { maybeUserOf, refreshSession, sessionOf, userOf } from './user.ts'
