import type { RequestArgs } from '@keycloak/keycloak-admin-client/lib/resources/agent.js'

/**
 * The options of a request that count its attempts, passed to a function of the client behind what it sends: of one that took
 * a single attempt no response was lost.
 */
export class AttemptCount implements Pick<RequestArgs, 'catchNotFound'> {
  declare readonly catchNotFound?: boolean
  attempts = 0
}
