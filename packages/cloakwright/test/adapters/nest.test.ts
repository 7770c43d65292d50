import * as common from '@nestjs/common'
import * as core from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { createVerifier, type GuardOptions, role } from 'cloakwright'
import * as cloakwright from 'cloakwright/nest'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { testBehaviour } from './behaviour.ts'
import { bearer, send } from './behaviour/client.ts'
import { nestDriver, toLogger } from './drivers/nest.ts'
import type { Logged, Service } from './drivers/types.ts'

const { Controller, Get, HttpCode, Module, UseFilters } = common
const { APP_GUARD, NestFactory } = core
const { AllowAnonymous, CloakwrightGuard, CloakwrightModule, RequirePolicy, RequireRole, RequireUser, User } =
  cloakwright
const modules = { common, core, cloakwright }

testBehaviour(
  nestDriver('NestJS on Express', {
    ...modules,
    create: (root, options) => NestFactory.create(root, options),
  }),
)
testBehaviour(
  nestDriver('NestJS on Fastify', {
    ...modules,
    create: (root, options) => NestFactory.create(root, new FastifyAdapter(), options),
  }),
)

// What is Nest's own.

const key = makeKey('one', 'ES256')
const proofKey = await makeProofKey()
const publicUrl = 'https://api.example.com'
const apps: common.INestApplication[] = []
const logs: Logged[] = []
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await signClaims(key, claimsOf(issuer.issuer))
})
afterAll(async () => {
  for (const app of apps) await app.close()
  await issuer.close()
})

const options = (): GuardOptions => ({
  verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop: { publicUrl } }),
})

/** Applies decorators to a method as TypeScript does; the first is the outermost. */
function decorate(controller: new () => object, method: string, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(controller.prototype, method) as PropertyDescriptor
  for (const decorator of decorators.toReversed())
    decorator(controller.prototype as object, method, descriptor)
}

async function start(
  metadata: common.ModuleMetadata,
  prepare: (app: common.INestApplication) => void = () => {},
): Promise<Service> {
  class Root {}
  Module(metadata)(Root)
  const app = await NestFactory.create(Root, { logger: toLogger(logs), abortOnError: false })
  apps.push(app)
  prepare(app)
  await app.listen(0, '127.0.0.1')
  return {
    port: (app.getHttpServer() as { address(): AddressInfo }).address().port,
    close: () => app.close(),
  }
}

/** Statuses of requests with the token. */
async function statuses(service: Service, ...paths: string[]): Promise<number[]> {
  const found: number[] = []
  for (const path of paths) found.push((await send(service, path, { fields: [bearer(token)] })).status)
  return found
}

describe('decorators', () => {
  test('on a method override those of its controller', async () => {
    class Orders {
      list() {}
      audit() {}
      all() {}
    }
    RequireRole('nobody')(Orders)
    decorate(Orders, 'list', Get('list'))
    decorate(Orders, 'audit', Get('audit'), RequireRole('admin'))
    decorate(Orders, 'all', Get('all'), AllowAnonymous())
    Controller()(Orders)
    const service = await start({ imports: [CloakwrightModule.forRoot(options())], controllers: [Orders] })
    expect(await statuses(service, '/list', '/audit', '/all')).toEqual([403, 200, 200])
    expect((await send(service, '/all')).status).toBe(200)
  })

  test('give the user as a parameter', async () => {
    class Me {
      me(user: { username?: string } | undefined) {
        return { user: user?.username }
      }
    }
    decorate(Me, 'me', Get('me'), RequireUser())
    User()(Me.prototype, 'me', 0)
    Controller()(Me)
    const service = await start({ imports: [CloakwrightModule.forRoot(options())], controllers: [Me] })
    expect((await send(service, '/me', { fields: [bearer(token)] })).json()).toEqual({ user: 'alice' })
  })

  test('run their guard once a request, wherever they stand: a DPoP proof is good for one look', async () => {
    class Me {
      me() {}
    }
    RequireUser()(Me)
    decorate(Me, 'me', Get('me'), RequireRole('admin'))
    Controller()(Me)
    const service = await start({
      imports: [CloakwrightModule.forRoot(options())],
      controllers: [Me],
      providers: [{ provide: APP_GUARD, useExisting: CloakwrightGuard }],
    })
    const bound = await signClaims(key, claimsOf(issuer.issuer, { typ: 'DPoP', cnf: { jkt: proofKey.jkt } }))
    const proof = await signProof(proofKey, { method: 'GET', uri: `${publicUrl}/me`, accessToken: bound })
    const fields = [['authorization', `DPoP ${bound}`] as const, ['dpop', proof] as const]
    expect((await send(service, '/me', { fields })).status).toBe(200)
    expect((await send(service, '/me', { fields })).status).toBe(401)
  })

  test('give policies the execution context', async () => {
    const seen: unknown[] = []
    const policy = {
      description: 'a user of this class',
      evaluate: (_token: unknown, { request }: { readonly request: unknown }) => {
        seen.push((request as common.ExecutionContext).getClass())
        return { allowed: true } as const
      },
    }
    class Me {
      me() {}
    }
    decorate(Me, 'me', Get('me'), RequirePolicy(policy))
    Controller()(Me)
    const service = await start({ imports: [CloakwrightModule.forRoot(options())], controllers: [Me] })
    expect(await statuses(service, '/me')).toEqual([200])
    expect(seen).toEqual([Me])
  })
})

describe('the guard for all routes', () => {
  test('lets in verified users where nothing else is said, and leaves the metadata open', async () => {
    class Orders {
      list() {}
      open() {}
    }
    decorate(Orders, 'list', Get('list'))
    decorate(Orders, 'open', Get('open'), AllowAnonymous())
    Controller('orders')(Orders)
    const service = await start(
      {
        imports: [CloakwrightModule.forRoot({ ...options(), resource: { resource: publicUrl } })],
        controllers: [Orders],
        providers: [{ provide: APP_GUARD, useExisting: CloakwrightGuard }],
      },
      (app) => app.setGlobalPrefix('api'),
    )
    expect((await send(service, '/api/orders/list')).status).toBe(401)
    expect(await statuses(service, '/api/orders/list')).toEqual([200])
    expect((await send(service, '/api/orders/open')).status).toBe(200)
    expect((await send(service, '/.well-known/oauth-protected-resource')).status).toBe(200)
  })
})

describe('the module', () => {
  test('waits for options that depend on other providers', async () => {
    class Settings {
      readonly audience = 'shop-api'
    }
    class SettingsModule {}
    Module({ providers: [Settings], exports: [Settings] })(SettingsModule)
    class Me {
      me() {}
    }
    decorate(Me, 'me', Get('me'), RequireUser())
    Controller()(Me)
    const imported = CloakwrightModule.forRootAsync({
      imports: [SettingsModule],
      inject: [Settings],
      useFactory: async ({ audience }: Settings) => ({
        verifier: createVerifier({ issuer: issuer.issuer, audience }),
      }),
    })
    const service = await start({ imports: [imported], controllers: [Me] })
    expect(await statuses(service, '/me')).toEqual([200])
  })

  test('missing: the application does not start', async () => {
    class Me {
      me() {}
    }
    decorate(Me, 'me', Get('me'), RequireUser())
    Controller()(Me)
    class Root {}
    Module({ controllers: [Me] })(Root)
    const starting = NestFactory.create(Root, { logger: false, abortOnError: false })
    await expect(starting).rejects.toThrow('CloakwrightGuard')
  })
})

describe('exceptions', () => {
  class Errors {
    teapot() {
      throw new common.HttpException('short and stout', 418)
    }
    forbidden() {}
    own() {}
    unguarded(request: object) {
      return cloakwright.userOf(request)
    }
  }
  class OwnFilter implements common.ExceptionFilter<common.HttpException> {
    catch(exception: common.HttpException, host: common.ArgumentsHost) {
      const response = host
        .switchToHttp()
        .getResponse<{ status(code: number): { json(body: unknown): void } }>()
      response.status(exception.getStatus()).json({ own: exception.getResponse() })
    }
  }
  common.Catch(cloakwright.RefusedException)(OwnFilter)
  decorate(Errors, 'teapot', Get('teapot'), HttpCode(200))
  decorate(Errors, 'forbidden', Get('forbidden'), RequirePolicy(role('nobody')))
  decorate(Errors, 'own', Get('own'), RequireUser(), UseFilters(new OwnFilter()))
  decorate(Errors, 'unguarded', Get('unguarded'))
  common.Req()(Errors.prototype, 'unguarded', 0)
  Controller()(Errors)
  let service: Service
  beforeAll(async () => {
    service = await start({ imports: [CloakwrightModule.forRoot(options())], controllers: [Errors] })
  })

  test('of others are answered as before', async () => {
    const response = await send(service, '/teapot')
    expect([response.status, response.json()]).toEqual([418, { statusCode: 418, message: 'short and stout' }])
  })

  test('of refusals may be answered by a filter of the application', async () => {
    const response = await send(service, '/own')
    expect(response.status).toBe(401)
    expect(response.json()).toMatchObject({ own: { status: 401, code: 'CW_TOKEN_MISSING' } })
  })

  test('of a handler that asks for the user of an unguarded route: 500', async () => {
    expect((await send(service, '/unguarded')).json()).toMatchObject({
      status: 500,
      code: 'CW_CONFIG_MISSING',
    })
  })

  test('go to Nest’s log', async () => {
    logs.length = 0
    await statuses(service, '/forbidden')
    expect(logs).toMatchObject([
      { level: 'info', code: 'CW_FORBIDDEN', message: 'Token: missing realm role: nobody' },
    ])
  })
})
