/** The real Keycloak for scripts and tests: found or fetched, then run on a free or a given port. It prints nothing. */

export { keycloakVersion } from '../keycloak-release.ts'
export { findKeycloak } from './distribution.ts'
export { type KeycloakOptions, type RunningKeycloak, startKeycloak } from './process.ts'
export type { Reporter } from './reporter.ts'
