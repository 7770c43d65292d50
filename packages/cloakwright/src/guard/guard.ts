import { issuerName } from '../metadata/index.ts'
import { createPages, type Pages } from '../pages/index.ts'
import type { SessionEngine } from '../session/index.ts'
import type { Admission, Admitted, Refused } from './admission.ts'
import { admit } from './admit.ts'
import { createAuthenticator, type SessionUser } from './authenticator.ts'
import type { GuardContext } from './context.ts'
import { createEndWatch, type OpenResponse } from './end-watch.ts'
import { noSessions } from './mistakes.ts'
import { checkGuardOptions, type GuardOptions, withClock } from './options.ts'
import { type RefusedRequest, refuse } from './refusal.ts'
import type { GuardedRequest } from './request/index.ts'
import { createResourceMetadata, type ResourceMetadata } from './resource.ts'
import type { Rule } from './rule.ts'
import { createSessionRoutes, type SessionRoutes } from './session-routes.ts'
import { contextAtOnce, contextFor, createTenantContexts, requireTenant } from './tenants.ts'
import { watchResponse } from './watch-open.ts'

/** Decides which requests are admitted; an adapter calls it and applies the decision. */
export interface Guard {
  /** What this service requires of its clients, for the route that publishes it. */
  readonly resource: ResourceMetadata | undefined
  /** The routes of the session engine; `undefined` without sessions. */
  readonly routes: SessionRoutes | undefined
  /**
   * Decides whether the rule admits the request: synchronously, without a promise, if nothing has to be fetched.
   * Never throws or rejects: any failure is a refusal, and an error of a policy's own function is one with status 500.
   */
  admit(request: GuardedRequest, rule: Rule): Admission | Promise<Admission>
  /** Closes an open response when the token or session of its admitted request ends, as for a WebSocket. */
  watch(open: OpenResponse, admission: Admitted, request: GuardedRequest, rule: Rule): void
  /**
   * Gets new tokens for the session of the request, and verifies them; `undefined` if it has no session, or no more.
   *
   * @throws {CW_CONFIG_MISSING} The guard has no sessions.
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached.
   */
  refreshSession(request: GuardedRequest): Promise<SessionUser | undefined>
  /** The response to an error, the same in every adapter. */
  refuse(error: unknown, request: RefusedRequest): Refused
}

/** Creates the guard of one service; browser sessions count as credentials if `sessions` is set. */
export function createGuard(options: GuardOptions): Guard {
  checkGuardOptions(options)
  const { sessions } = options
  const verifier = withClock(options.verifier)
  const resource = options.resource && createResourceMetadata(options.resource, verifier)
  const common: GuardContext = {
    verifier,
    authenticator: createAuthenticator(verifier),
    sessions,
    tickets: options.tickets,
    watchEnd: options.endWithToken === false ? undefined : createEndWatch(verifier, sessions),
    realm: options.realm ?? verifier.realm,
    resourceMetadata: resource?.url,
    dpopAlgorithms: verifier.proofs.dpop?.algorithms,
    explain: options.explain ?? process.env['NODE_ENV'] === 'development',
    formatError: options.formatError,
    pages: toPages(options.pages, sessions),
  }
  const ofTenant = createTenantContexts(sessions, (tenant) => ({
    ...common,
    sessions: tenant.sessions,
    tenant,
    realm: options.realm ?? issuerName(tenant.issuer),
    pages: toPages(options.pages, tenant.sessions),
  }))
  const context: GuardContext = { ...common, ofTenant }
  return {
    resource,
    routes: sessions && createSessionRoutes(sessions, context),
    admit: (request, rule) => admit(context, request, rule),
    watch: (open, admission, request, rule) => watchResponse(open, admission, context, request, rule),
    async refreshSession(request) {
      const own = await contextFor(context, request)
      if (own.sessions === undefined) throw noSessions()
      const found = await own.authenticator.userOfSession(request, own.sessions, { freshAfter: 0 })
      if (found?.user !== undefined && own.tenant !== undefined) requireTenant(found.user, own.tenant)
      return found
    },
    refuse: (error, request) => refuse(contextAtOnce(context, request), error, request),
  }
}

/** By default those of the sessions, if the service set the option there. */
function toPages(pages: GuardOptions['pages'], sessions: SessionEngine | undefined): Pages | undefined {
  if (pages === false) return undefined
  if (pages === undefined) return sessions?.pages
  return pages === true ? (sessions?.pages ?? createPages()) : createPages(pages)
}
