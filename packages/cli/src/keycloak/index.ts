/** Finds or downloads the real Keycloak and runs it, for scripts and tests. Prints nothing. */

export { keycloakVersion } from '../keycloak-release.ts'
export { findKeycloak } from './distribution.ts'
export { type KeycloakOptions, type RunningKeycloak, startKeycloak } from './process.ts'
export type { Reporter } from './reporter.ts'
