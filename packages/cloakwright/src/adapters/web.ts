import { CloakwrightError } from '../errors.ts'
import {
  checkPolicy,
  createGuard,
  type Framework,
  fromWebRequest,
  type GuardOptions,
  type LogEntry,
  type Refused,
  readForm,
} from '../guard/index.ts'
import { user as anyUser, type Policy } from '../policy/index.ts'
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
  ): (request: Incoming, ...rest: Rest) => Promise<Response>
  /** Runs the handler for anyone, with the user if the request has credentials; invalid ones are still refused. */
  anonymous<Rest extends readonly unknown[], Incoming extends Request = Request>(
    handler: MaybeUserHandler<Rest, Incoming>,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>
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
 */
export function cloakwright(options: CloakwrightOptions): Protect {
  const guard = createGuard(options)
  const any = anyUser()
  const run = async <Rest extends readonly unknown[], Incoming extends Request>(
    handler: MaybeUserHandler<Rest, Incoming>,
    policy: Policy,
    anonymous: boolean,
    request: Incoming,
    rest: Rest,
  ): Promise<Response> => {
    const admission = await guard.admit(fromWebRequest(request, request, framework), policy, anonymous)
    if (admission.kind === 'redirected') return admission.response
    if (admission.kind === 'refused') return answer(admission, request)
    const response = await handler(request, admission.user, ...rest)
    return admission.headers === undefined ? response : withHeaders(response, admission.headers)
  }
  const protect = <Rest extends readonly unknown[], Incoming extends Request>(
    handler: UserHandler<Rest, Incoming>,
    policy: Policy = any,
  ) => {
    checkHandler(handler, 'protect()')
    checkPolicy(policy, 'protect()')
    return (request: Incoming, ...rest: Rest): Promise<Response> =>
      // Every request that is not anonymous has a user.
      run(handler as MaybeUserHandler<Rest, Incoming>, policy, false, request, rest)
  }
  const answer = (refused: Refused, request: Request): Response => {
    options.onRefused?.(refused.log, request)
    const { status, headers, body } = refused.answer
    return new Response(body, { status, headers })
  }
  return Object.assign(protect, {
    anonymous: <Rest extends readonly unknown[], Incoming extends Request>(
      handler: MaybeUserHandler<Rest, Incoming>,
    ) => {
      checkHandler(handler, 'protect.anonymous()')
      return (request: Incoming, ...rest: Rest): Promise<Response> => run(handler, any, true, request, rest)
    },
    metadata: () =>
      guard.resource === undefined
        ? new Response(null, { status: 404 })
        : new Response(guard.resource.body, { headers: guard.resource.headers }),
    problem: (error: unknown, request: Request) =>
      answer(guard.refuse(error, fromWebRequest(request, request, framework)), request),
  })
}

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
