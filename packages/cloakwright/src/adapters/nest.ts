import {
  applyDecorators,
  type ArgumentsHost,
  type CanActivate,
  Catch,
  createParamDecorator,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  Inject,
  Injectable,
  type InjectionToken,
  Logger,
  Module,
  type ModuleMetadata,
  type OnModuleInit,
  type OptionalFactoryDependency,
  type Provider,
  SetMetadata,
  UseGuards,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost, Reflector } from '@nestjs/core'
import type { IncomingMessage } from 'node:http'
import { CloakwrightError } from '../errors.ts'
import {
  createGuard,
  createGuards,
  fromIncoming,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  type Guards,
  type LogEntry,
  type Refused,
} from '../guard/index.ts'
import { noGuard } from '../guard/mistakes.ts'
import { type Policy, user as anyUser } from '../policy/index.ts'
import type { AccessToken } from '../token/index.ts'

/** How the options come to be where they depend on other providers. */
export interface CloakwrightAsyncOptions {
  /** The modules whose exports are injected; those of global modules need not be listed. */
  readonly imports?: ModuleMetadata['imports']
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[]
  // oxlint-disable-next-line typescript/no-explicit-any -- what is injected is the application's own
  readonly useFactory: (...injected: any[]) => GuardOptions | Promise<GuardOptions>
}

/**
 * The NestJS module, once in the root module. It protects nothing by itself: decorators do, or the guard for all routes
 * (`{ provide: APP_GUARD, useExisting: CloakwrightGuard }`), which lets in verified users where nothing else is said.
 *
 * @example
 * ```ts
 * import { type DynamicModule } from '@nestjs/common'
 * import { createVerifier } from 'cloakwright'
 * import { CloakwrightModule } from 'cloakwright/nest'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * export const cloakwright: DynamicModule = CloakwrightModule.forRoot({ verifier })
 * // @Module({ imports: [cloakwright] }) class AppModule {}
 * // @Get('me') @RequireUser() me(@User() user: AccessToken) { return { hello: user.username } }
 * ```
 */
export class CloakwrightModule implements OnModuleInit {
  readonly #guard: Guard
  readonly #host: HttpAdapterHost

  constructor(guard: Guard, host: HttpAdapterHost) {
    this.#guard = guard
    this.#host = host
  }

  static forRoot(options: GuardOptions): DynamicModule {
    return toModule([{ provide: guardToken, useValue: createGuard(options) }])
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: CloakwrightAsyncOptions): DynamicModule {
    const make = async (...injected: unknown[]): Promise<Guard> => createGuard(await useFactory(...injected))
    return toModule([{ provide: guardToken, inject: [...inject], useFactory: make }], imports)
  }

  /** Publishes the metadata of the protected resource beside the controllers: no prefix and no guard holds for it. */
  onModuleInit(): void {
    const { resource } = this.#guard
    const { httpAdapter } = this.#host
    if (resource === undefined || httpAdapter === undefined) return
    httpAdapter.get(resource.path, (_request: unknown, response: unknown) => {
      httpAdapter.setHeader(response, 'content-type', 'application/json')
      httpAdapter.setHeader(response, 'access-control-allow-origin', '*')
      httpAdapter.reply(response, resource.body, 200)
    })
  }
}
Module({})(CloakwrightModule)

const guardToken = Symbol('cloakwright')
Inject(guardToken)(CloakwrightModule, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightModule, undefined, 1)

const ruleKey = 'cloakwright:rule'

interface Rule {
  readonly policy: Policy
  readonly anonymous: boolean
}

const anyone: Rule = { policy: anyUser(), anonymous: false }

/** Lets in whom the decorators of the route, else of its controller, let in; verified users where there are none. */
export class CloakwrightGuard implements CanActivate {
  readonly #guard: Guard
  readonly #reflector: Reflector
  readonly #host: HttpAdapterHost

  constructor(guard: Guard, reflector: Reflector, host: HttpAdapterHost) {
    this.#guard = guard
    this.#reflector = reflector
    this.#host = host
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') throw notHttp(context.getType())
    const targets = [context.getHandler(), context.getClass()]
    const rule = this.#reflector.getAllAndOverride<Rule | undefined>(ruleKey, targets) ?? anyone
    const request: object = context.switchToHttp().getRequest()
    // For all routes, on the controller and on the method it runs once each, and a DPoP proof is good for one look.
    if (admitted.get(request)?.rule === rule) return true
    const admission = await this.#guard.admit(toGuardedRequest(request, context), rule.policy, rule.anonymous)
    if (admission.kind === 'refused') throw new RefusedException(admission)
    if (admission.kind === 'redirected') return false
    admitted.set(request, { rule, user: admission.user })
    const response: unknown = context.switchToHttp().getResponse()
    for (const [name, value] of Object.entries(admission.headers ?? {}))
      this.#host.httpAdapter.setHeader(response, name, value)
    return true
  }
}
Injectable()(CloakwrightGuard)
Inject(guardToken)(CloakwrightGuard, undefined, 0)
Inject(Reflector)(CloakwrightGuard, undefined, 1)
Inject(HttpAdapterHost)(CloakwrightGuard, undefined, 2)

/** A refusal on its way to the filter that answers it; other filters see an HttpException with the status and the problem. */
export class RefusedException extends HttpException {
  readonly refused: Refused

  constructor(refused: Refused) {
    super(JSON.parse(refused.answer.body) as Record<string, unknown>, refused.answer.status)
    this.refused = refused
  }
}

/** Answers refusals with their problem and challenge, and logs the exact reason. */
export class CloakwrightFilter implements ExceptionFilter<RefusedException | CloakwrightError> {
  readonly #guard: Guard
  readonly #host: HttpAdapterHost
  readonly #logger = new Logger('Cloakwright')

  constructor(guard: Guard, host: HttpAdapterHost) {
    this.#guard = guard
    this.#host = host
  }

  catch(exception: RefusedException | CloakwrightError, host: ArgumentsHost): void {
    const http = host.switchToHttp()
    const request: object = http.getRequest()
    const { answer, log } =
      exception instanceof RefusedException
        ? exception.refused
        : this.#guard.refuse(exception, toGuardedRequest(request, request).id())
    this.#log(log)
    const { httpAdapter } = this.#host
    const response: unknown = http.getResponse()
    for (const [name, value] of Object.entries(answer.headers)) httpAdapter.setHeader(response, name, value)
    httpAdapter.reply(response, answer.body, answer.status)
  }

  #log({ level, code, message, hint, requestId, error }: LogEntry): void {
    const write = { info: 'log', warn: 'warn', error: 'error' } as const
    const more = error instanceof Error ? [error.stack] : []
    this.#logger[write[level]]({ code, message, hint, requestId }, ...more)
  }
}
Catch(RefusedException, CloakwrightError)(CloakwrightFilter)
Inject(guardToken)(CloakwrightFilter, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightFilter, undefined, 1)

/** A decorator for a route or a whole controller. */
export type RuleDecorator = ClassDecorator & MethodDecorator

const guards: Guards<RuleDecorator> = createGuards((policy, anonymous) =>
  applyDecorators(SetMetadata(ruleKey, { policy, anonymous } satisfies Rule), UseGuards(CloakwrightGuard)),
)

/** Lets in requests with a valid access token. */
export const RequireUser: Guards<RuleDecorator>['requireUser'] = guards.requireUser
/** Lets in users with **every one** of the realm roles; others get 403. */
export const RequireRole: Guards<RuleDecorator>['requireRole'] = guards.requireRole
/** Lets in users with **every one** of that client's roles; others get 403. */
export const RequireClientRole: Guards<RuleDecorator>['requireClientRole'] = guards.requireClientRole
/** Lets in tokens with **every one** of the scopes; others get 403 and a challenge that names them (RFC 6750 §3.1). */
export const RequireScope: Guards<RuleDecorator>['requireScope'] = guards.requireScope
/** Lets in users whom a policy allows. */
export const RequirePolicy: Guards<RuleDecorator>['requirePolicy'] = guards.requirePolicy
/** Makes the user known if the request has credentials, and lets it in without. Bad credentials are still refused. */
export const AllowAnonymous: Guards<RuleDecorator>['allowAnonymous'] = guards.allowAnonymous

/** The verified token of the request, as a parameter; `undefined` for an anonymous request. */
export const User: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    admitted.get(context.switchToHttp().getRequest<object>())?.user,
)

/**
 * The user whom a guard let in, of Express' or Fastify's request.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a mistake in the program.
 */
export function userOf(request: object): AccessToken {
  const user = admitted.get(request)?.user
  if (user !== undefined) return user
  throw noGuard('Put @RequireUser() on the route.')
}

/** Whom guards let in, by the framework's request. */
const admitted = new WeakMap<object, { readonly rule: Rule; readonly user: AccessToken | undefined }>()

function toModule(
  providers: Provider[],
  imports: NonNullable<ModuleMetadata['imports']> = [],
): DynamicModule {
  return {
    module: CloakwrightModule,
    imports,
    global: true,
    providers: [...providers, CloakwrightGuard, { provide: APP_FILTER, useClass: CloakwrightFilter }],
    exports: [guardToken, CloakwrightGuard],
  }
}

/** Express' request is Node's own; Fastify's has it as `raw`. */
function toGuardedRequest(request: object, native: unknown): GuardedRequest {
  const { raw, body, id, protocol, host } = request as {
    readonly raw?: IncomingMessage
    readonly body?: unknown
    readonly id?: unknown
    readonly protocol?: string
    readonly host?: string
  }
  return fromIncoming(raw ?? (request as IncomingMessage), {
    native,
    body,
    origin: () => `${protocol}://${host}`,
    id: typeof id === 'string' ? id : undefined,
  })
}

function notHttp(type: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `CloakwrightGuard: it guards HTTP routes, not ${type}`, {
    hint: 'Guard WebSocket upgrades with cloakwright/websocket; verify other tokens with the verifier itself.',
  })
}
