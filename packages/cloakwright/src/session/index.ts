export type { SessionKey, SessionKeys } from '../sealing.ts'
export { createSessions } from './engine.ts'
export type { SessionOptions } from './options.ts'
export type { RequestDetails, Session, SessionEngine, SessionRequest, SessionUse } from './types.ts'
