export { createSessions } from './engine.ts'
export type { SessionKey, SessionOptions } from './options.ts'
export type { Session, SessionEngine, SessionRequest } from './types.ts'
