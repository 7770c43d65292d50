import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { CloakwrightError } from '../errors.ts'
import { clientRole, type Decision, type Policy, role, scope, user } from '../policy/index.ts'
import type { SessionEngine } from '../session/types.ts'
import { type AccessToken, bearerToken, type Verifier } from '../token/index.ts'
import { sendProblem, type State, stateKey, stateOf } from './fastify-problem.ts'
import { mountSessions, sendResponse, toSessionRequest } from './fastify-sessions.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified token of the request, once a guard has let it in; see {@link userOf}. */
    user: AccessToken | undefined
  }
}

export { sendProblem }

/** What the plugin works with. */
export interface CloakwrightOptions {
  readonly verifier: Verifier
  /** Browser login: its routes are mounted, and guards accept its sessions. Without it, bearer tokens only. */
  readonly sessions?: SessionEngine | undefined
  /** The name in challenges (`WWW-Authenticate: Bearer realm="…"`); by default the last segment of the issuer. */
  readonly realm?: string | undefined
}

/** A guard: for a route's `onRequest` (or `preHandler`), or `app.addHook('onRequest', …)` for all routes of a scope. */
export type Guard = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/**
 * The Fastify plugin: register it before the routes that it guards. It protects nothing by itself; guards do.
 *
 * @throws {CW_CONFIG_INVALID} Another plugin already has `request.user`.
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireRole, requireUser, userOf } from 'cloakwright/fastify'
 * import Fastify from 'fastify'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const app = Fastify({ logger: true })
 * await app.register(cloakwright, { verifier })
 *
 * app.get('/me', { onRequest: requireUser() }, (request) => ({ hello: userOf(request).username }))
 * app.get('/admin', { onRequest: requireRole('admin') }, () => ({ welcome: true }))
 * ```
 */
export const cloakwright: FastifyPluginCallback<CloakwrightOptions> = (app, options, done) => {
  const { verifier, sessions } = options
  if (app.hasRequestDecorator('user')) return done(taken())
  app.decorateRequest('user', undefined)
  const [issuer = ''] = verifier.issuers
  const realm = options.realm ?? issuer.slice(issuer.lastIndexOf('/') + 1)
  app.decorate<State>(stateKey, { verifier, sessions, realm })
  app.addHook('preValidation', refuseSecondToken)
  if (sessions !== undefined) mountSessions(app, sessions)
  done()
}
// What fastify-plugin would set: the decorators are the app's, not those of a scope of their own.
Object.assign(cloakwright, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'cloakwright',
  [Symbol.for('plugin-meta')]: { name: 'cloakwright', fastify: '5.x' },
})

/** Lets in requests with a valid access token or, where sessions are given, a live session. */
export function requireUser(): Guard {
  return guard(user())
}

/** Lets in users with **every one** of the realm roles; others get 403. */
export function requireRole(...roles: readonly [string, ...string[]]): Guard {
  return guard(role(...roles))
}

/** Lets in users with **every one** of that client's roles; others get 403. */
export function requireClientRole(client: string, ...roles: readonly [string, ...string[]]): Guard {
  return guard(clientRole(client, ...roles))
}

/** Lets in tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export function requireScope(...scopes: readonly [string, ...string[]]): Guard {
  return guard(scope(...scopes))
}

/** Lets in users whom a policy allows. */
export function requirePolicy(policy: Policy): Guard {
  return guard(policy)
}

/** Sets `request.user` if the request has credentials, and lets it in without. Bad credentials are still refused. */
export function allowAnonymous(): Guard {
  return guard(user(), { anonymous: true })
}

/**
 * The user whom a guard let in.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a mistake in the program.
 */
export function userOf(request: FastifyRequest): AccessToken {
  if (request.user !== undefined) return request.user
  throw new CloakwrightError(
    'CW_CONFIG_MISSING',
    'Route: its handler asks for the user, and no guard has run',
    {
      hint: 'Add onRequest: requireUser() to the route.',
    },
  )
}

/** Calls back at once, without a promise, whenever the verifier answers at once. */
function guard(policy: Policy, { anonymous = false } = {}): Guard {
  return (request, reply, done) => {
    const state = stateOf(request)
    if (state === undefined) return done(notRegistered())
    const fail = (error: unknown): void => {
      if (error instanceof CloakwrightError) sendProblem(error, request, reply)
      else done(error as Error)
    }
    const proceed = (token: AccessToken | undefined): void => {
      if (token === undefined) {
        if (anonymous) done()
        else askForLogin(state, request, reply).catch(fail)
        return
      }
      request.user = token
      const decision = policy.evaluate(token, { now: Date.now() / 1000, request, tokenText: '' })
      if (decision instanceof Promise) decision.then(answer).catch(fail)
      else answer(decision)
    }
    const answer = (decision: Decision): void => {
      if (decision.allowed) done()
      else fail(new CloakwrightError(decision.code, `Token: ${decision.reason}`, decision))
    }
    try {
      const token = authenticate(state, request, reply)
      if (token instanceof Promise) token.then(proceed).catch(fail)
      else proceed(token)
    } catch (error) {
      fail(error)
    }
  }
}

type Authenticated = AccessToken | undefined

function authenticate(
  state: State,
  request: FastifyRequest,
  reply: FastifyReply,
): Authenticated | Promise<Authenticated> {
  if (request.headers.authorization !== undefined) {
    const token = bearerToken({
      authorization: authorizationFields(request),
      query: request.query,
      form: formOf(request),
    })
    return token === undefined ? undefined : state.verifier.verify(token)
  }
  if (state.sessions === undefined || request.headers.cookie === undefined) return undefined
  return fromSession(state.verifier, state.sessions, request, reply)
}

async function fromSession(
  verifier: Verifier,
  sessions: SessionEngine,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Authenticated> {
  const session = await sessions.authenticate(toSessionRequest(request))
  if (session === undefined) return undefined
  // RFC 9111 §3.5 keeps shared caches from answers to Authorization, not from those to cookies.
  reply.header('cache-control', 'no-store')
  try {
    return await verifier.verify(session.accessToken)
  } catch (error) {
    if (!isOrphaned(error)) throw error
    request.log.info(
      { code: error.code },
      'a session of keys that the realm no longer has: a new login mends it',
    )
    return undefined
  }
}

/**
 * The realm's keys were replaced since the login: whoever comes with such a session is as good as signed out, and only
 * a new login helps. Any other refusal (audience, issuer, clock) a new login would meet again, in endless redirects.
 */
function isOrphaned(error: unknown): error is CloakwrightError {
  return (
    error instanceof CloakwrightError &&
    (error.code === 'CW_TOKEN_KEY_UNKNOWN' || error.code === 'CW_TOKEN_SIGNATURE')
  )
}

/** A navigation is sent to the login; anything else is told that it needs a token. */
async function askForLogin(state: State, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const anonymous = state.sessions !== undefined && request.headers.authorization === undefined
  const login = anonymous ? await state.sessions?.challenge(toSessionRequest(request)) : undefined
  if (login !== undefined) {
    await sendResponse(login, reply)
    return
  }
  const inQuery =
    typeof request.query === 'object' && request.query !== null && 'access_token' in request.query
  const hint = inQuery
    ? 'A token in the address is not read, because addresses end in logs: send Authorization: Bearer TOKEN'
    : 'Send Authorization: Bearer TOKEN'
  sendProblem(
    new CloakwrightError('CW_TOKEN_MISSING', 'Request: no bearer token and no session', { hint }),
    request,
    reply,
  )
}

/** Node keeps only the first of two Authorization fields in `headers`; a proxy in front may have read the other. */
function authorizationFields(request: FastifyRequest): readonly string[] {
  const raw = request.raw.rawHeaders
  const fields: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    if (name.length === 13 && name.toLowerCase() === 'authorization') fields.push(raw[at + 1] as string)
  }
  return fields
}

function formOf(request: FastifyRequest): unknown {
  if (request.body === undefined || request.body === null) return undefined
  return request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    ? request.body
    : undefined
}

/** A form is read after `onRequest` guards have run: a token in it beside the one that was accepted is found here. */
function refuseSecondToken(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.body === undefined || request.user === undefined) return done()
  try {
    bearerToken({ authorization: authorizationFields(request), form: formOf(request) })
    done()
  } catch (error) {
    sendProblem(error, request, reply)
  }
}

function taken(): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', 'cloakwright/fastify: request.user is already taken', {
    hint: 'Register cloakwright once, and without another authentication plugin in the same scope.',
  })
}

function notRegistered(): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    'cloakwright/fastify: a guard runs where the plugin is not registered',
    {
      hint: 'await app.register(cloakwright, { verifier }) before the routes, in the same scope or a scope around them.',
    },
  )
}
