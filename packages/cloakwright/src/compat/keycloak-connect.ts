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
  type LogEntry,
  type Middleware,
  type Refused,
  sendAnswer,
} from '../guard/index.ts'
import type { MetadataOptions } from '../metadata/index.ts'
import { requireOptions } from '../options.ts'
import { clientRole, createPermissions, type Permission, type Policy, role, user } from '../policy/index.ts'
import { type CommonOptions, createVerifier, type IssuerOptions } from '../token/index.ts'
import { type KeycloakConfig, type ResolvedConfig, resolveConfig } from './keycloak-config.ts'
import { Grant, type Kauth, parseRole, Token } from './keycloak-grant.ts'
import { type EnforcerOptions, parsePermissions } from './keycloak-permissions.ts'
import { refuseUnsupported, UnsupportedApi } from './unsupported.ts'

/**
 * Options that `keycloak.json` does not have. The old adapter's own options (`store`, `cookies`, `scope`, `idpHint`)
 * belong to browser login, which this adapter does not have: they stop the start.
 */
export interface KeycloakOptions {
  /** Options of `createVerifier` that `keycloak.json` does not have: another audience, the realm’s internal URL, … */
  readonly verifier?: (Partial<Omit<IssuerOptions, 'issuer'>> & CommonOptions) | undefined
  /** Receives each refusal, with the exact reason for the log. */
  readonly onRefused?: ((entry: LogEntry, request: Request) => void) | undefined
}

/** Decides on a verified token: only `true` admits the request. */
export type GuardFn = (token: Token, request: Request, response: Response) => boolean | Promise<boolean>

/**
 * The API of `keycloak-connect` for resource servers, on Cloakwright’s verifier: a step on the way to
 * `cloakwright/express`. docs/guides/migrate-from-keycloak-connect.md lists what is stricter.
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
 */
class Keycloak extends UnsupportedApi {
  readonly #config: ResolvedConfig
  readonly #realm: MetadataOptions
  readonly #guard: Guard
  readonly #takesDpop: boolean
  /** By the client whose authorization settings decide. */
  readonly #permissions = new Map<string, Permission>()
  readonly #now: () => number
  readonly #onRefused: KeycloakOptions['onRefused']

  /**
   * @param options Options that are not in `keycloak.json`.
   * @param config `keycloak.json` as an object or a path; by default the file of that name in the working directory.
   * @throws {CW_CONFIG_MISSING} The file, the realm, the server or the client is missing.
   * @throws {CW_CONFIG_INVALID} An invalid value, or an option that this adapter does not support.
   * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback, whatever `ssl-required` is set to; the client `account`.
   */
  constructor(options: KeycloakOptions = {}, config?: KeycloakConfig | string) {
    super()
    requireOptions('new Keycloak', '{}, config', options, { verifier: 'object', onRefused: 'function' })
    refuseUnsupported('new Keycloak()', options, ['verifier', 'onRefused'])
    this.#config = resolveConfig(config)
    const { clientId, realmUrl } = this.#config
    const verifier = createVerifier({ audience: clientId, ...options.verifier, issuer: realmUrl })
    const { internalUrl, fetch, now, timeout, dangerouslyAllowHttp } = options.verifier ?? {}
    this.#realm = { issuer: realmUrl, internalUrl, fetch, now, timeout, dangerouslyAllowHttp }
    this.#guard = createGuard({ verifier })
    this.#takesDpop = verifier.proofs.dpop !== undefined
    this.#now = now ?? systemTime
    this.#onRefused = options.onRefused
  }

  /**
   * Sets `request.kauth`, with a grant if the request has a token that is verified. Requests without a token
   * pass; requests with an invalid one are refused.
   *
   * @param options Must be empty: the old adapter's `logout` and `admin` belong to browser login.
   * @throws {CW_CONFIG_INVALID} An option was passed.
   */
  middleware(options?: Readonly<Record<string, undefined>>): Middleware[] {
    refuseUnsupported('middleware()', options ?? {}, [])
    return [this.#admit({ policy: user(), anonymous: true })]
  }

  /**
   * Admits requests with a verified token. With a role’s name, admits those that have it (`realm:ROLE`, `CLIENT:ROLE`, or
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

  /** The values read from `keycloak.json`, without its secret. */
  getConfig(): ResolvedConfig {
    return this.#config
  }

  #admit(entry: Entry): Middleware {
    const handle = (request: Request, response: Response, next: NextFunction): void => {
      const pass = (entered: boolean): void => {
        if (entered) next()
      }
      const fail = (error: unknown): void => next(error)
      this.#enter(entry, request, response, next).then(pass).catch(fail)
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
    const guarded = fromIncoming(request, request, frameworkOfNode)
    const admission = await this.#guard.admit(guarded, { policy, anonymous })
    if (admission.kind === 'refused') return this.#deny(admission, request, response, next)
    const credentials = credentialsOf(guarded.fields('authorization'), this.#takesDpop)
    if (admission.kind === 'redirected' || admission.user === undefined || credentials === undefined)
      return anonymous
    if (admission.headers !== undefined) response.set(admission.headers)
    const { clientId } = this.#config
    const token = new Token({ user: admission.user, text: credentials.token, clientId, now: this.#now })
    kauth.grant = new Grant(token)
    const decision = check === undefined || (await check(token, request, response))
    // Only `true`: the old adapter admitted on a string, or on a promise of `false`.
    if (decision === true) return true
    const reason = decision === false ? 'refuses it' : 'returned neither true nor false'
    const refused = this.#forbidden(request, `the function of protect() ${reason}`)
    return this.#deny(refused, request, response, next)
  }

  async #deny(
    { answer, log }: Refused,
    request: Request,
    response: Response,
    next: NextFunction,
  ): Promise<false> {
    this.#onRefused?.(log, request)
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
    return this.#guard.refuse(error, fromIncoming(request, request, frameworkOfNode))
  }
}

/** The old adapter’s types, under its names: `Keycloak.Token`, `Keycloak.Grant`, … */
declare namespace Keycloak {
  export type { EnforcerOptions, GuardFn, Instance as Keycloak, Kauth, KeycloakConfig, KeycloakOptions }
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

/** The prepared responses for {@link Keycloak.accessDenied}. */
const answers = new WeakMap<Request, Answer>()
