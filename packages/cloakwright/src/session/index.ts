export type { ClientKey, CredentialOptions } from '../provider/index.ts'
export type { SessionKey, SessionKeys } from '../sealing.ts'
export { createSessions } from './engine.ts'
export type { SessionOptions } from './options.ts'
export type {
  LoginNeeds,
  RequestDetails,
  Session,
  SessionEngine,
  SessionRequest,
  SessionUse,
} from './types.ts'
