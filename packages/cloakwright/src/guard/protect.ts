import { CloakwrightError } from '../errors.ts'
import { user as anyUser, type Policy } from '../policy/index.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'
import type { LogEntry, Redirected, Refused } from './admission.ts'
import type { Guard } from './guard.ts'
import { checkPolicy, checkRuleOptions } from './mistakes.ts'
import { endable } from './open-response.ts'
import { reportFailure } from './report-refusal.ts'
import { type Framework, fromWebRequest, readForm } from './request/index.ts'
import type { ResourceMetadata } from './resource.ts'
import type { Rule, RuleOptions } from './rule.ts'

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
   * The response to a route of the session engine, such as `/auth/login`, and to the path of the metadata (RFC 9728);
   * `undefined` for any other path. Call it before the service's own routes.
   */
  routes(request: Request): Promise<Response | undefined>
  /**
   * Gets new tokens for the request's session now, so that changed roles take effect without a new login. Resolves to the
   * user with the new roles; `undefined` without a session, and if it has ended.
   *
   * @throws {CW_CONFIG_MISSING} There is no option `sessions`.
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
   */
  refreshSession(request: Request): Promise<AccessToken | undefined>
  /**
   * Sends the metadata of the protected resource (RFC 9728), for a route at its path; 404 if none is configured. It answers
   * OPTIONS as well, so that pages of other origins can read it.
   */
  metadata(request?: Request): Response
  /** Sends an error as `application/problem+json`; the message of an unexpected error is not sent. */
  problem(error: unknown, request: Request): Response
}

type OnRefused = (entry: LogEntry, request: Request) => void

/** Creates guards of web requests from a guard. An error of the handler itself is passed on to the runtime. */
export function createProtect(guard: Guard, onRefused: OnRefused = reportFailure): Protect {
  const any = anyUser()
  const run = async <Rest extends readonly unknown[], Incoming extends Request>(
    handler: MaybeUserHandler<Rest, Incoming>,
    rule: Rule,
    request: Incoming,
    rest: Rest,
  ): Promise<Response> => {
    const guarded = fromWebRequest(request, request, webFramework)
    const admission = await guard.admit(guarded, rule)
    if (admission.kind !== 'admitted') return answer(admission, request)
    const { session, headers, user } = admission
    visits.set(request, { guard, user, session, onRefused })
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
  const answer = (answered: Refused | Redirected, request: Request): Response =>
    toWebResponse(answered, request, onRefused)
  return Object.assign(protect, {
    anonymous: <Rest extends readonly unknown[], Incoming extends Request>(
      handler: MaybeUserHandler<Rest, Incoming>,
    ) => {
      checkHandler(handler, 'protect.anonymous()')
      const rule = { policy: any, anonymous: true }
      return (request: Incoming, ...rest: Rest): Promise<Response> => run(handler, rule, request, rest)
    },
    async routes(request: Request) {
      const { resource, routes } = guard
      if (resource === undefined && routes === undefined) return undefined
      const guarded = fromWebRequest(request, request, webFramework)
      if (resource?.path === new URL(guarded.url).pathname) return publish(resource, request.method)
      if (routes === undefined || !guarded.target.startsWith(routes.prefix)) return undefined
      const answered = await routes.answer(guarded)
      return answered && answer(answered, request)
    },
    async refreshSession(request: Request) {
      const found = await guard.refreshSession(fromWebRequest(request, request, webFramework))
      if (found?.user === undefined) return undefined
      visits.set(request, { guard, ...found, onRefused })
      return found.user
    },
    metadata: (request?: Request) =>
      (guard.resource && publish(guard.resource, request?.method ?? 'GET')) ??
      new Response(null, { status: 404 }),
    problem: (error: unknown, request: Request) =>
      answer(guard.refuse(error, fromWebRequest(request, request, webFramework)), request),
  })
}

function publish(resource: ResourceMetadata, method: string): Response | undefined {
  const answer = resource.answer(method)
  if (answer === undefined) return undefined
  const { status, headers, body } = answer
  return new Response(method === 'GET' ? body : null, { status, headers })
}

/** The response to a request that is not admitted. */
export function toWebResponse(
  answered: Refused | Redirected,
  request: Request,
  onRefused: OnRefused = reportFailure,
): Response {
  if (answered.kind === 'redirected') return answered.response
  onRefused(answered.log, request)
  const { status, headers, body } = answered.answer
  return new Response(body, { status, headers })
}

/**
 * The browser session with which a request was admitted; `undefined` for a bearer token and for an anonymous request.
 *
 * @param _sessions Only for its type: the result has the type of its data.
 */
export function sessionOf<Data = unknown>(
  request: Request,
  _sessions?: SessionEngine<Data>,
): Session<Data> | undefined {
  return visits.get(request)?.session as Session<Data> | undefined
}

/** What a guard found out about a web request, and where its refusals go. */
export interface WebVisit {
  readonly guard: Guard
  readonly user: AccessToken | undefined
  readonly session: Session | undefined
  readonly onRefused: OnRefused
}

/** What the guard of a web request found out; `undefined` if none has run. */
export function visitOf(request: Request): WebVisit | undefined {
  return visits.get(request)
}

const visits = new WeakMap<Request, WebVisit>()

/** A web request has no id: a new one is created. */
export const webFramework: Framework<Request> = { form: readForm, id: () => undefined }

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
