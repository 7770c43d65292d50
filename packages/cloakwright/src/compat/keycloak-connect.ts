import type { NextFunction, Request, Response } from 'express'
import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import {
  type Answer,
  createGuard,
  credentialsOf,
  frameworkOfNode,
  fromIncoming,
  type Guard,
  type GuardedRequest,
  type Middleware,
  nothingGiven,
  type Refused,
  reportFailure,
  sendAnswer,
  sendResponse,
} from '../guard/index.ts'
import type { MetadataOptions } from '../metadata/index.ts'
import { requireOptions } from '../options.ts'
import { clientRole, createPermissions, type Permission, type Policy, role, user } from '../policy/index.ts'
import type { SessionEngine } from '../session/index.ts'
import { createVerifier } from '../token/index.ts'
import { checkRealm, serveLogin } from './browser-login.ts'
import { type KeycloakConfig, type ResolvedConfig, readConfig, resolveConfig } from './keycloak-config.ts'
import { Grant, type Kauth, parseRole, Token } from './keycloak-grant.ts'
import {
  createSessionsOf,
  type GuardFn,
  type KeycloakOptions,
  type MiddlewareOptions,
  type SessionClient,
} from './keycloak-options.ts'
import { type EnforcerOptions, parsePermissions } from './keycloak-permissions.ts'
import { notPart, refuseOverrides, refuseUnsupported, UnsupportedApi } from './unsupported.ts'

/**
 * The API of `keycloak-connect`, on Cloakwright’s verifier and sessions: a step on the way to `cloakwright/express`.
 * docs/guides/migrate-from-keycloak-connect.md lists what is stricter.
 *
 * @example
 * ```ts
 * import Keycloak from 'cloakwright/keycloak-connect'
 * import express from 'express'
 *
 * const keycloak = new Keycloak({}, {
 *   realm: 'shop',
 *   'auth-server-url': 'https://sso.example.com/',
 *   resource: 'shop-api',
 * })
 * const app = express()
 * app.use(keycloak.middleware())
 * app.get('/admin', keycloak.protect('realm:admin'), (request, response) => void response.json({ welcome: true }))
 * ```
 * @example
 * With browser login, for the client and the secret in `keycloak.json`:
 * ```ts
 * import Keycloak from 'cloakwright/keycloak-connect'
 * import { createSessions } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
 * import express from 'express'
 *
 * const keys = [{ id: 'k1', key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64') }]
 * const publicUrl = 'https://shop.example.com'
 * const keycloak = new Keycloak({
 *   sessions: (client) => createSessions({ ...client, publicUrl, keys, store: memorySessionStore() }),
 * })
 * const app = express()
 * app.use(keycloak.middleware({ logout: '/logout' }))
 * app.get('/account', keycloak.protect(), (request, response) => void response.send('Hello'))
 * ```
 */
class Keycloak extends UnsupportedApi {
  readonly #config: ResolvedConfig
  readonly #realm: MetadataOptions
  readonly #guard: Guard
  readonly #takesDpop: boolean
  readonly #sessions: SessionEngine | undefined
  #servesSessions = false
  /** By the client whose authorization settings decide. */
  readonly #permissions = new Map<string, Permission>()
  readonly #now: () => number
  readonly #onRefused: NonNullable<KeycloakOptions['onRefused']>

  /**
   * @param options Options that are not in `keycloak.json`.
   * @param config `keycloak.json` as an object or a path; by default the file of that name in the working directory.
   * @throws {CW_CONFIG_MISSING} The file, the realm, the server, the client or its secret is missing.
   * @throws {CW_CONFIG_INVALID} An invalid value, or an option or a member that this adapter does not support.
   * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback, whatever `ssl-required` is set to; the client `account`.
   */
  constructor(options: KeycloakOptions = {}, config?: KeycloakConfig | string) {
    super()
    requireOptions('new Keycloak', '{}, config', options, {
      sessions: 'function',
      verifier: 'object',
      onRefused: 'function',
    })
    refuseUnsupported('new Keycloak()', options, ['sessions', 'verifier', 'onRefused'])
    refuseOverrides(this)
    const members = readConfig(config)
    this.#config = resolveConfig(members)
    const { clientId, realmUrl } = this.#config
    const verifier = createVerifier({ audience: clientId, ...options.verifier, issuer: realmUrl })
    const { internalUrl, fetch, now, timeout, dangerouslyAllowHttp } = options.verifier ?? {}
    this.#realm = { issuer: realmUrl, internalUrl, fetch, now, timeout, dangerouslyAllowHttp }
    this.#sessions = createSessionsOf(options, this.#config, members)
    this.#guard = createGuard({ verifier, sessions: this.#sessions })
    this.#takesDpop = verifier.proofs.dpop !== undefined
    this.#now = now ?? systemTime
    this.#onRefused = options.onRefused ?? reportFailure
  }

  /** The session engine of the option `sessions`, for `cloakwright({ verifier, sessions })` and to close it. */
  get sessions(): SessionEngine | undefined {
    return this.#sessions
  }

  /**
   * Sets `request.kauth`, with a grant if the request has a session, or a token that is verified. Requests without both
   * pass; requests with an invalid token are refused. With `sessions`, it serves their routes, and signs out at `/logout`:
   * at once after a click on a page of this service, otherwise after a question.
   *
   * @throws {CW_CONFIG_INVALID} An option that this adapter does not support, such as `admin`.
   */
  middleware(options: MiddlewareOptions = {}): Middleware[] {
    refuseUnsupported('middleware()', options, this.#sessions === undefined ? [] : ['logout'])
    const admit = this.#admit({ policy: user(), anonymous: true })
    this.#servesSessions = true
    return [serveLogin(this.#guard, this.#sessions, options.logout || '/logout', this.#onRefused), admit]
  }

  /**
   * Admits requests with a session or a verified token; a browser without both is redirected to the login, and back to the
   * page. With a role’s name, admits those that have it (`realm:ROLE`, `CLIENT:ROLE`, or
   * `ROLE` of the service's client); with a function, those for which it returns or resolves to `true`.
   *
   * @throws {CW_CONFIG_INVALID} Neither a role’s name nor a function.
   */
  protect(spec?: string | GuardFn): Middleware {
    if (spec === undefined) return this.#admit({ policy: user() })
    if (typeof spec === 'function') return this.#admit({ policy: user(), check: spec })
    const { client, role: name } = parseRole(spec, this.#config.clientId)
    return this.#admit({ policy: client === undefined ? role(name) : clientRole(client, name) })
  }

  /**
   * Makes the user available if the browser has a session at the realm, and admits it without: a page asks the realm, without
   * a login page, and is shown when the browser is back.
   *
   * @throws {CW_CONFIG_INVALID} There are no `sessions`.
   */
  checkSso(): Middleware {
    const sessions = this.#sessions
    if (sessions === undefined)
      throw notPart('checkSso() without sessions', 'Pass the option sessions to new Keycloak()')
    const entry = { policy: user(), anonymous: true }
    return this.#toMiddleware(async (request, response, next) => {
      if (!(await this.#enter(entry, request, response, next))) return false
      if ((request as { kauth?: Kauth }).kauth?.grant !== undefined) return true
      const guarded = toGuarded(request)
      if (!(await this.redirectToLogin(request)))
        return await this.#deny(this.#guard.refuse(nothingGiven(guarded), guarded), request, response, next)
      const { location, cookie } = checkRealm(sessions, guarded)
      if (cookie !== undefined) response.append('set-cookie', cookie)
      if (location === undefined) return true
      response.set('cache-control', 'no-store').redirect(location)
      return false
    })
  }

  /**
   * Admits users to whom Keycloak’s authorization services grant **all** of the permissions (`RESOURCE:SCOPE`). A
   * result is cached for 3 seconds; while Keycloak cannot be reached, no one is admitted (503).
   *
   * @throws {CW_CONFIG_INVALID} No permission, or options other than `resource_server_id`.
   */
  enforcer(permissions: string | readonly string[], options: EnforcerOptions = {}): Middleware {
    const needed = parsePermissions(permissions, options)
    const client = options.resource_server_id ?? this.#config.clientId
    const permission =
      this.#permissions.get(client) ?? createPermissions({ ...this.#realm, audience: client })
    this.#permissions.set(client, permission)
    return this.#admit({ policy: permission(...needed) })
  }

  /**
   * Responds to a request that is refused because it lacks a token or a role; replace it, here or on the prototype, for
   * your own response. Status and challenge are set before it is called.
   */
  accessDenied(request: Request, response: Response, _next?: NextFunction): void | Promise<void> {
    sendAnswer(answers.get(request) ?? this.#forbidden(request, 'the handler refuses it').answer, response)
  }

  /**
   * Whether a page without a session redirects to the login; replace it, here or on the prototype, to respond with 401
   * instead. It is called for browsers that open a page: other requests always get 401.
   */
  redirectToLogin(_request: Request): boolean | Promise<boolean> {
    return this.#sessions !== undefined
  }

  /** The URL of the realm's account console. */
  accountUrl(): string {
    return `${this.#config.realmUrl}/account`
  }

  /** The values read from `keycloak.json`, without its secret. */
  getConfig(): ResolvedConfig {
    return this.#config
  }

  #admit(entry: Entry): Middleware {
    return this.#toMiddleware((request, response, next) => this.#enter(entry, request, response, next))
  }

  #toMiddleware(step: Step): Middleware {
    const handle = (request: Request, response: Response, next: NextFunction): void => {
      const pass = (entered: boolean): void => {
        if (entered) next()
      }
      const fail = (error: unknown): void => next(error)
      step(request, response, next).then(pass).catch(fail)
    }
    // Express passes its own request and response, which the type does not mention.
    return handle as Middleware
  }

  /** Resolves to whether the request is admitted; if not, the response was sent. */
  async #enter(
    { policy, anonymous = false, check }: Entry,
    request: Request,
    response: Response,
    next: NextFunction,
  ): Promise<boolean> {
    const state = request as { kauth?: Kauth }
    // The result of the middleware stays there for an accessDenied() that greets the user by name.
    const kauth: Kauth = anonymous ? {} : (state.kauth ?? {})
    state.kauth = kauth
    const guarded = toGuarded(request, anonymous ? undefined : response)
    const admission = await this.#guard.admit(guarded, { policy, anonymous })
    if (admission.kind === 'refused') {
      const isPublic = anonymous && admission.log.code === 'CW_SESSION_ORIGIN'
      if (!isPublic) return await this.#deny(admission, request, response, next)
      // A public route gets no user, since another site may have sent the request.
      this.#onRefused(admission.log, request)
      return true
    }
    if (admission.kind === 'redirected') {
      if (!this.#servesSessions) throw notServed()
      if (await this.redirectToLogin(request)) {
        await sendResponse(admission.response, response)
        return false
      }
      return await this.#deny(this.#guard.refuse(nothingGiven(guarded), guarded), request, response, next)
    }
    const { session, headers } = admission
    const text =
      session?.accessToken ?? credentialsOf(guarded.fields('authorization'), this.#takesDpop)?.token
    if (admission.user === undefined || text === undefined) return anonymous
    if (headers !== undefined) response.set(headers)
    const { clientId } = this.#config
    const token = new Token({ user: admission.user, text, clientId, now: this.#now })
    kauth.grant = new Grant(token)
    const decision = check === undefined || (await check(token, request, response))
    // Only `true`: the old adapter admitted on a string, or on a promise of `false`.
    if (decision === true) return true
    const reason = decision === false ? 'refuses it' : 'returned neither true nor false'
    const refused = this.#forbidden(request, `the function of protect() ${reason}`)
    return await this.#deny(refused, request, response, next)
  }

  async #deny(
    { answer, log }: Refused,
    request: Request,
    response: Response,
    next: NextFunction,
  ): Promise<false> {
    this.#onRefused(log, request)
    // The function of protect() may have sent the response.
    if (response.headersSent) return false
    if (answer.status !== 401 && answer.status !== 403) {
      sendAnswer(answer, response)
      return false
    }
    const { 'content-type': _type, ...headers } = answer.headers
    response.status(answer.status).set(headers)
    answers.set(request, answer)
    await this.accessDenied(request, response, next)
    return false
  }

  #forbidden(request: Request, reason: string): Refused {
    const hint = 'Check what that function requires of the token.'
    const error = new CloakwrightError('CW_FORBIDDEN', `Token: ${reason}`, { hint })
    return this.#guard.refuse(error, toGuarded(request))
  }
}

/** The old adapter’s types, under its names: `Keycloak.Token`, `Keycloak.Grant`, … */
declare namespace Keycloak {
  export type {
    EnforcerOptions,
    GuardFn,
    Instance as Keycloak,
    Kauth,
    KeycloakConfig,
    KeycloakOptions,
    MiddlewareOptions,
    SessionClient,
  }
  export type Grant = import('./keycloak-grant.ts').Grant
  export type Token = import('./keycloak-grant.ts').Token
}

/** Its own name cannot be used inside the namespace. */
type Instance = Keycloak

export default Keycloak

/** A way in. */
interface Entry {
  readonly policy: Policy
  readonly anonymous?: boolean
  readonly check?: GuardFn
}

/** Resolves to whether the next handler runs; if not, the response was sent. */
type Step = (request: Request, response: Response, next: NextFunction) => Promise<boolean>

function toGuarded(request: Request, response?: Response): GuardedRequest {
  return fromIncoming(request, request, frameworkOfNode, response)
}

function notServed(): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_MISSING',
    'keycloak-connect: protect() is used, but the routes of the login are not served',
    { hint: 'Add app.use(keycloak.middleware()) before the routes.' },
  )
}

/** The prepared responses for {@link Keycloak.accessDenied}. */
const answers = new WeakMap<Request, Answer>()
