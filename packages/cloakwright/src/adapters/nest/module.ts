import {
  type DynamicModule,
  Inject,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnModuleInit,
  type OptionalFactoryDependency,
  type Provider,
} from '@nestjs/common'
import { APP_FILTER, ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { type Answer, createGuard, type Guard, type GuardOptions } from '../../guard/index.ts'
import { CloakwrightFilter } from './filter.ts'
import { CloakwrightGuard, guardToken } from './guard.ts'
import { mountRoutes } from './sessions.ts'
import { checkWiring } from './wiring.ts'

/** How to create the options if they depend on other providers. */
export interface CloakwrightAsyncOptions {
  /** The modules whose exports are injected; global modules need not be listed. */
  readonly imports?: ModuleMetadata['imports']
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[]
  // oxlint-disable-next-line typescript/no-explicit-any -- the application defines what is injected
  readonly useFactory: (...injected: any[]) => GuardOptions | Promise<GuardOptions>
}

/**
 * The NestJS module, imported once in the root module. It protects nothing by itself: decorators do, or the guard for
 * all routes (`{ provide: APP_GUARD, useExisting: CloakwrightGuard }`), which admits verified users to handlers without
 * a rule.
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
 * @example
 * With browser login: its routes are served, and the decorators accept a session or a bearer token, and redirect
 * navigations to the login. Behind a proxy, set the platform's `trust proxy` or `trustProxy`.
 * ```ts
 * import { Module } from '@nestjs/common'
 * import { createVerifier } from 'cloakwright'
 * import { CloakwrightModule } from 'cloakwright/nest'
 * import { createSessions } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
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
 *
 * @Module({ imports: [CloakwrightModule.forRoot({ verifier: createVerifier({ issuer, audience: 'shop' }), sessions })] })
 * export class AppModule {}
 * ```
 */
export class CloakwrightModule implements NestModule, OnModuleInit {
  readonly #guard: Guard
  readonly #host: HttpAdapterHost

  readonly #modules: ModulesContainer
  readonly #config: ApplicationConfig

  constructor(guard: Guard, host: HttpAdapterHost, modules: ModulesContainer, config: ApplicationConfig) {
    this.#guard = guard
    this.#host = host
    this.#modules = modules
    this.#config = config
  }

  static forRoot(options: GuardOptions): DynamicModule {
    return toModule([{ provide: guardToken, useValue: createGuard(options) }])
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: CloakwrightAsyncOptions): DynamicModule {
    const make = async (...injected: unknown[]): Promise<Guard> => createGuard(await useFactory(...injected))
    return toModule([{ provide: guardToken, inject: [...inject], useFactory: make }], imports)
  }

  /** Serves the routes of the sessions before all controllers: no prefix and no guard applies to them. */
  configure(): void {
    const { httpAdapter } = this.#host
    if (httpAdapter !== undefined) mountRoutes(httpAdapter, this.#guard)
  }

  /**
   * Checks that the guard runs for every handler with rules, and publishes the metadata of the protected resource outside
   * of the controllers: no prefix and no guard applies to it.
   */
  onModuleInit(): void {
    checkWiring(this.#modules, this.#config)
    const { resource } = this.#guard
    const { httpAdapter } = this.#host
    if (resource === undefined || httpAdapter === undefined) return
    for (const method of ['GET', 'OPTIONS'] as const)
      httpAdapter[method === 'GET' ? 'get' : 'options'](
        resource.path,
        (_request: unknown, response: unknown) => {
          const { status, headers, body } = resource.answer(method) as Answer
          for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value)
          httpAdapter.reply(response, body, status)
        },
      )
  }
}
Module({})(CloakwrightModule)
Inject(guardToken)(CloakwrightModule, undefined, 0)
Inject(HttpAdapterHost)(CloakwrightModule, undefined, 1)
Inject(ModulesContainer)(CloakwrightModule, undefined, 2)
Inject(ApplicationConfig)(CloakwrightModule, undefined, 3)

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
