export type { ClientKey, CredentialOptions } from '../provider/index.ts'
export type { SessionKey, SessionKeys } from '../sealing.ts'
export { createSessions } from './engine.ts'
export type { LoginEvent, LogoutEvent, SessionOptions } from './options.ts'
export { createTenantSessions, type TenantOptions, type TenantSessionsOptions } from './tenants.ts'
export type {
  LoginNeeds,
  RequestDetails,
  Session,
  SessionEngine,
  SessionInfo,
  SessionRequest,
  SessionUse,
  SubmittedForm,
  Tenant,
} from './types.ts'
