export type { ForwardedRequest, ForwardOptions } from '../../forward/index.ts'
export {
  AllowAnonymous,
  RequireAudience,
  RequireClientRole,
  RequirePolicy,
  RequireRole,
  RequireScope,
  RequireUser,
  type RuleDecorator,
  User,
  userOf,
} from './decorators.ts'
export { CloakwrightFilter } from './filter.ts'
export { forward } from './forward.ts'
export { CloakwrightGuard, maybeUserOf, refreshSession, sessionOf } from './guard.ts'
export { type CloakwrightAsyncOptions, CloakwrightModule } from './module.ts'
export { RefusedException } from './refusal.ts'
export { bindUpgrade } from './request.ts'
