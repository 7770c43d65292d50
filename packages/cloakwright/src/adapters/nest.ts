import {
  applyDecorators,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  Inject,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OnModuleInit,
  type OptionalFactoryDependency,
  type Provider,
  SetMetadata,
  UseGuards,
} from '@nestjs/common'
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core'
import { createGuard, createGuards, type Guard, type GuardOptions, type Guards } from '../guard/index.ts'
import { noGuard } from '../guard/mistakes.ts'
import type { AccessToken } from '../token/index.ts'
import { CloakwrightFilter } from './nest-filter.ts'
import {
  CloakwrightGuard,
  guardToken,
  maybeUserOf,
  RefusedException,
  type Rule,
  ruleKey,
} from './nest-guard.ts'

export { CloakwrightFilter, CloakwrightGuard, maybeUserOf, RefusedException }

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
 * import { Controller, Get, Module } from '@nestjs/common'
 * import { type AccessToken, createVerifier } from 'cloakwright'
 * import { CloakwrightModule, RequireRole, RequireUser, User } from 'cloakwright/nest'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 *
 * @Controller()
 * @RequireUser()
 * class ShopController {
 *   @Get('me')
 *   me(@User() user: AccessToken) {
 *     return { hello: user.username }
 *   }
 *
 *   @Get('admin')
 *   @RequireRole('admin')
 *   admin() {
 *     return { welcome: true }
 *   }
 * }
 *
 * @Module({ imports: [CloakwrightModule.forRoot({ verifier })], controllers: [ShopController] })
 * export class AppModule {}
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
Inject(guardToken)(CloakwrightModule, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightModule, undefined, 1)

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
  (_data: unknown, context: ExecutionContext) => maybeUserOf(context.switchToHttp().getRequest<object>()),
)

/**
 * The user whom a guard let in, of Express' or Fastify's request.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a mistake in the program.
 */
export function userOf(request: object): AccessToken {
  const user = maybeUserOf(request)
  if (user !== undefined) return user
  throw noGuard('Put @RequireUser() on the route.')
}

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
