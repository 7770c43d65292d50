export { createLogger } from './logger.ts'
export { RequestLog } from './request-log.ts'
