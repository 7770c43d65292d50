export { type Config, loadConfig } from './config.ts'
export { loadRealmConfig } from './realm-config.ts'
