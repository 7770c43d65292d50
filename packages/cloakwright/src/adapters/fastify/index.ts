export {
  allowAnonymous,
  type CloakwrightOptions,
  cloakwright,
  type FastifyGuard,
  requireAudience,
  requireClientRole,
  requirePolicy,
  requireRole,
  requireScope,
  requireUser,
} from './plugin.ts'
export { sendProblem } from './problem.ts'
export { maybeUserOf, userOf } from './user.ts'
