// oxlint-disable-next-line typescript/triple-slash-reference -- these declarations are of no module of this package
/// <reference path="./next-modules.d.ts" />
import { randomUUID } from 'node:crypto'
import { CloakwrightError, type ErrorCode } from '../../errors.ts'
import { type Guard, type GuardedRequest, noSessions } from '../../guard/index.ts'
import { user as anyUser, type Policy } from '../../policy/index.ts'
import type { Session, SessionEngine } from '../../session/index.ts'
import type { AccessToken } from '../../token/index.ts'

// Server components and actions have no request: Next.js gives them its headers. Next.js is only imported when it calls
// one of these functions, and with the file's extension, since it has no `exports` for Node.

/** Which user a page needs. */
export interface RequiredUser {
  /** The policy that must allow the user; any verified user by default. */
  readonly policy?: Policy | undefined
  /** The page to return to after the login, `/` by default: a server component does not know its own path. */
  readonly returnTo?: string | undefined
}

/** The functions for server components and actions. */
export interface ServerComponents<Data = unknown> {
  /** The session of the current request, in a server component or action; `undefined` if nobody is signed in. */
  getSession(): Promise<Session<Data> | undefined>
  /**
   * The user of the current request, in a server component or action; `undefined` if nobody is signed in, and while it
   * cannot be found out who is.
   *
   * @throws {CW_TOKEN_EXPIRED} or another error: the request has a bearer token, which is refused.
   */
  getUser(): Promise<AccessToken | undefined>
  /**
   * The user of the current request, in a server component or action. Without one, it redirects to the login, by the
   * `redirect()` of Next.js: do not catch what it throws.
   *
   * @throws {CW_FORBIDDEN} The policy does not allow the user, or another error with a reason.
   */
  requireUser(required?: RequiredUser): Promise<AccessToken>
  /**
   * Gets new tokens for the session of the current request now, so that changed roles take effect without a new login.
   * Resolves to the user with the new roles; `undefined` without a session, and if it has ended.
   *
   * @throws {CW_CONFIG_MISSING} There is no option `sessions`.
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
   */
  refreshSession(): Promise<AccessToken | undefined>
}

/** Creates the functions for server components and actions. Whoever calls them in one request, the session is loaded once. */
export function createServerComponents<Data>(
  guard: Guard,
  sessions: SessionEngine<Data> | undefined,
): ServerComponents<Data> {
  const any = anyUser()
  const find = async (policy: Policy): Promise<Found> => {
    const admission = await guard.admit(await currentRequest(), { policy, anonymous: true })
    if (admission.kind === 'admitted') return admission
    if (admission.kind === 'redirected') return {}
    const { code, message, hint, error } = admission.log
    const { login } = admission.problem
    if (code === 'CW_STEP_UP_REQUIRED' && login !== undefined) return { login }
    throw error ?? new CloakwrightError(code as ErrorCode, message, hint === undefined ? {} : { hint })
  }
  return {
    getSession: async () => (await find(any)).session as Session<Data> | undefined,
    getUser: async () => (await find(any)).user,
    async requireUser({ policy = any, returnTo = '/' } = {}) {
      const { user, login } = await find(policy)
      if (user !== undefined) return user
      if (sessions === undefined) throw noSessions()
      const { redirect } = await import('next/navigation.js')
      return redirect(withReturnTo(login ?? `${sessions.basePath}/login`, returnTo))
    },
    refreshSession: async () => (await guard.refreshSession(await currentRequest()))?.user,
  }
}

interface Found {
  readonly user?: AccessToken | undefined
  readonly session?: Session | undefined
  /** Where the user signs in for a step-up. */
  readonly login?: string
}

function withReturnTo(login: string, returnTo: string): string {
  const [path = '', search] = login.split('?')
  const query = new URLSearchParams(search)
  query.set('returnTo', returnTo)
  return `${path}?${query.toString()}`
}

/**
 * One and the same `identity` in all components of a request: the object in which Next.js keeps its headers.
 *
 * For server actions, Next.js compares `Origin` with the host, but some versions accept `null`. A form of a neighbouring
 * subdomain sends that, if its page has the policy `no-referrer`. So the session needs another proof then.
 */
async function currentRequest(): Promise<GuardedRequest> {
  const next = await import('next/headers.js')
  const headers = await next.headers()
  return {
    method: headers.get('origin') === 'null' ? 'POST' : 'GET',
    url: `http://${headers.get('host') ?? 'localhost'}/`,
    target: '/',
    headers: { get: (name) => (name === 'x-csrf' ? '1' : headers.get(name)) },
    native: headers,
    identity: headers,
    fields(name) {
      const value = headers.get(name)
      return value === null ? [] : [value]
    },
    form: () => undefined,
    id: () => randomUUID(),
  }
}
