import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  audience,
  type ClientRole,
  clientRole,
  type Policy,
  type RealmRole,
  type RoleClient,
  role,
  scope,
  user,
} from '../policy/index.ts'

/** The guards that every adapter offers, in its framework's form. */
export interface Guards<Guard> {
  /** Lets in requests with a valid access token. */
  readonly requireUser: () => Guard
  /** Lets in users with **every one** of the realm roles; others get 403. */
  readonly requireRole: (...roles: readonly [RealmRole, ...RealmRole[]]) => Guard
  /** Lets in users with **every one** of that client's roles; others get 403. */
  readonly requireClientRole: <Client extends RoleClient>(
    client: Client,
    ...roles: readonly [ClientRole<Client>, ...ClientRole<Client>[]]
  ) => Guard
  /** Lets in tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
  readonly requireScope: (...scopes: readonly [string, ...string[]]) => Guard
  /** Lets in tokens with **every one** of the audiences, which the verifier's own `audience` lists as well; others get 401. */
  readonly requireAudience: (...audiences: readonly [string, ...string[]]) => Guard
  /** Lets in users whom a policy allows. */
  readonly requirePolicy: (policy: Policy) => Guard
  /** Makes the user known if the request has credentials, and lets it in without. Bad credentials are still refused. */
  readonly allowAnonymous: () => Guard
}

/**
 * An Express middleware that says nothing of the path's parameters, so that `request.params` of the handlers after it
 * keeps the type that Express reads from the path. Fits `RequestHandler` of every version.
 */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/** Makes an adapter's guards of the one way in which it runs a policy. */
export function createGuards<Guard>(guard: (policy: Policy, anonymous: boolean) => Guard): Guards<Guard> {
  return {
    requireUser: () => guard(user(), false),
    requireRole: (...roles) => guard(role(...roles), false),
    requireClientRole: (client, ...roles) => guard(clientRole(client, ...roles), false),
    requireScope: (...scopes) => guard(scope(...scopes), false),
    requireAudience: (...audiences) => guard(audience(...audiences), false),
    requirePolicy: (policy) => guard(policy, false),
    allowAnonymous: () => guard(user(), true),
  }
}
