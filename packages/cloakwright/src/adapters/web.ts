import { createGuard, createProtect, type GuardOptions, type LogEntry, type Protect } from '../guard/index.ts'

export { type ForwardedRequest, type ForwardOptions, forward } from '../forward/index.ts'
export { type Protect, sessionOf } from '../guard/index.ts'

/** The options of guards for web requests. */
export interface CloakwrightOptions extends GuardOptions {
  /**
   * Receives each refusal, with the exact reason for the log.
   * By default, failures (status 500 and above) are one line each on standard error: code, hint, request id.
   */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/**
 * Creates guards for web requests. An error of the handler itself is passed on to the runtime.
 *
 * @example
 * ```ts
 * import { createVerifier, role } from 'cloakwright'
 * import { cloakwright } from 'cloakwright/web'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const protect = cloakwright({ verifier })
 *
 * // app/api/me/route.ts of Next.js
 * export const GET = protect((_request, user) => Response.json({ hello: user.username }))
 * export const DELETE = protect(() => new Response(null, { status: 204 }), role('admin'))
 * ```
 * @example
 * With browser login: the guards accept a session or a bearer token, and redirect navigations to the login.
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { createSessions } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
 * import { cloakwright } from 'cloakwright/web'
 *
 * const issuer = 'https://sso.example.com/realms/shop'
 * const sessions = createSessions({
 *   issuer,
 *   clientId: 'shop',
 *   clientSecret: process.env['KEYCLOAK_CLIENT_SECRET'] ?? '',
 *   publicUrl: 'https://shop.example.com',
 *   keys: [{ id: 'k1', key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64') }],
 *   store: memorySessionStore(),
 * })
 * const protect = cloakwright({ verifier: createVerifier({ issuer, audience: 'shop' }), sessions })
 * const account = protect((_request, user) => new Response(`Hello ${user.username}`))
 *
 * export default {
 *   fetch: async (request: Request) => (await protect.routes(request)) ?? (await account(request)),
 * }
 * ```
 */
export function cloakwright(options: CloakwrightOptions): Protect {
  return createProtect(createGuard(options), options.onRefused)
}
