import { CloakwrightError } from '../errors.ts'
import {
  checkPolicy,
  checkRuleOptions,
  createGuard,
  endable,
  type Framework,
  fromWebRequest,
  type GuardOptions,
  type LogEntry,
  type Redirected,
  type Refused,
  type Rule,
  type RuleOptions,
  readForm,
} from '../guard/index.ts'
import { user as anyUser, type Policy } from '../policy/index.ts'
import type { Session } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

/** The options of guards for web requests. */
export interface CloakwrightOptions extends GuardOptions {
  /** Receives each refusal, with the exact reason for the log. */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/**
 * Handles a user's request; `rest` is what the runtime passes along with it (`params`, `env`, …), and the request may
 * be the runtime's own, such as a `NextRequest`.
 */
type UserHandler<Rest extends readonly unknown[], Incoming extends Request = Request> = (
  request: Incoming,
  user: AccessToken,
  ...rest: Rest
) => Response | Promise<Response>

/** Handles a request of a user or of an anonymous client. */
type MaybeUserHandler<Rest extends readonly unknown[], Incoming extends Request = Request> = (
  request: Incoming,
  user: AccessToken | undefined,
  ...rest: Rest
) => Response | Promise<Response>

/** Guards for handlers of the form `Request → Response`: Next.js, Bun, Deno, Remix, edge runtimes with Node's crypto. */
export interface Protect {
  /** Runs the handler for users whom the policy allows; any verified user by default. */
  <Rest extends readonly unknown[], Incoming extends Request = Request>(
    handler: UserHandler<Rest, Incoming>,
    policy?: Policy,
    options?: RuleOptions,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>
  /** Runs the handler for anyone, with the user if the request has credentials; invalid ones are still refused. */
  anonymous<Rest extends readonly unknown[], Incoming extends Request = Request>(
    handler: MaybeUserHandler<Rest, Incoming>,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>
  /**
   * The session engine's response to one of its routes, such as `/auth/login`; `undefined` for any other path, and
   * without sessions. Call it before the service's own routes.
   */
  routes(request: Request): Promise<Response | undefined>
  /**
   * Gets new tokens for the request's session now, so that changed roles take effect without a new login. Resolves to the
   * user with the new roles; `undefined` without a session, and if it has ended.
   *
   * @throws {CW_CONFIG_MISSING} There is no option `sessions`.
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session goes on with its old token.
   */
  refreshSession(request: Request): Promise<AccessToken | undefined>
  /** Sends the metadata of the protected resource (RFC 9728), at its path; 404 if none is configured. */
  metadata(): Response
  /** Sends an error as `application/problem+json`; the message of an unexpected error is not sent. */
  problem(error: unknown, request: Request): Response
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
  const guard = createGuard(options)
  const any = anyUser()
  const run = async <Rest extends readonly unknown[], Incoming extends Request>(
    handler: MaybeUserHandler<Rest, Incoming>,
    rule: Rule,
    request: Incoming,
    rest: Rest,
  ): Promise<Response> => {
    const guarded = fromWebRequest(request, request, framework)
    const admission = await guard.admit(guarded, rule)
    if (admission.kind !== 'admitted') return answer(admission, request)
    const { session, headers, user } = admission
    if (session !== undefined) sessions.set(request, session)
    const response = await handler(request, user, ...rest)
    const open = endable(response, (stream) => guard.watch(stream, admission, guarded, rule))
    return headers === undefined ? open : withHeaders(open, headers)
  }
  const protect = <Rest extends readonly unknown[], Incoming extends Request>(
    handler: UserHandler<Rest, Incoming>,
    policy: Policy = any,
    ruleOptions: RuleOptions = {},
  ) => {
    checkHandler(handler, 'protect()')
    checkPolicy(policy, 'protect()')
    const rule = { policy, anonymous: false, ...checkRuleOptions(ruleOptions, 'protect()') }
    return (request: Incoming, ...rest: Rest): Promise<Response> =>
      // Every request that is not anonymous has a user.
      run(handler as MaybeUserHandler<Rest, Incoming>, rule, request, rest)
  }
  const answer = (answered: Refused | Redirected, request: Request): Response => {
    if (answered.kind === 'redirected') return answered.response
    options.onRefused?.(answered.log, request)
    const { status, headers, body } = answered.answer
    return new Response(body, { status, headers })
  }
  return Object.assign(protect, {
    anonymous: <Rest extends readonly unknown[], Incoming extends Request>(
      handler: MaybeUserHandler<Rest, Incoming>,
    ) => {
      checkHandler(handler, 'protect.anonymous()')
      const rule = { policy: any, anonymous: true }
      return (request: Incoming, ...rest: Rest): Promise<Response> => run(handler, rule, request, rest)
    },
    async routes(request: Request) {
      const { routes } = guard
      if (routes === undefined) return undefined
      const guarded = fromWebRequest(request, request, framework)
      const answered = guarded.target.startsWith(routes.prefix) ? await routes.answer(guarded) : undefined
      return answered && answer(answered, request)
    },
    async refreshSession(request: Request) {
      const found = await guard.refreshSession(fromWebRequest(request, request, framework))
      if (found?.user === undefined) return undefined
      sessions.set(request, found.session)
      return found.user
    },
    metadata: () =>
      guard.resource === undefined
        ? new Response(null, { status: 404 })
        : new Response(guard.resource.body, { headers: guard.resource.headers }),
    problem: (error: unknown, request: Request) =>
      answer(guard.refuse(error, fromWebRequest(request, request, framework)), request),
  })
}

/** The browser session with which a request was admitted; `undefined` for a bearer token and for an anonymous request. */
export function sessionOf(request: Request): Session | undefined {
  return sessions.get(request)
}

const sessions = new WeakMap<Request, Session>()

/** A web request has no id: a new one is created. */
const framework: Framework<Request> = { form: readForm, id: () => undefined }

/** A runtime that got `protect` itself as a handler calls it with a request. */
function checkHandler(handler: unknown, where: string): void {
  if (typeof handler === 'function') return
  throw new CloakwrightError('CW_CONFIG_INVALID', `${where}: its first argument is not a handler`, {
    hint: 'Write export const GET = protect((request, user) => …).',
  })
}

/** A copy, since the headers of a handler's response may be immutable. */
function withHeaders(response: Response, fields: Readonly<Record<string, string>>): Response {
  const copy = new Response(response.body, response)
  for (const [name, value] of Object.entries(fields)) copy.headers.set(name, value)
  return copy
}
