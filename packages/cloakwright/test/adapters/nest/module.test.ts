import * as common from '@nestjs/common'
import * as core from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { createVerifier, role } from 'cloakwright'
import * as cloakwright from 'cloakwright/nest'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../../proof/support/proofs.ts'
import { startProvider, type TestProvider } from '../../session/support/provider.ts'
import { host, setup } from '../../session/support/setup.ts'
import { bearer, send } from '../behaviour/client.ts'
import { testBehaviour } from '../behaviour.ts'
import { nestDriver } from '../drivers/nest.ts'
import { decorate, publicUrl, useNest } from '../drivers/nest-service.ts'
import type { Service } from '../drivers/types.ts'

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

// Behaviour of Nest only.

const proofKey = await makeProofKey()
const world = useNest()
const { logs, options, start, statuses } = world

describe('decorators', () => {
  test('pass the user as a parameter', async () => {
    class Me {
      me(user: { username?: string } | undefined) {
        return { user: user?.username }
      }
    }
    decorate(Me, 'me', Get('me'), RequireUser())
    User()(Me.prototype, 'me', 0)
    Controller()(Me)
    const service = await start({ imports: [CloakwrightModule.forRoot(options())], controllers: [Me] })
    expect((await send(service, '/me', { fields: [bearer(await world.sign())] })).json()).toEqual({
      user: 'alice',
    })
  })

  test('run their guard once per request, wherever they are: a DPoP proof is used once', async () => {
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
    const bound = await world.sign({ typ: 'DPoP', cnf: { jkt: proofKey.jkt } })
    const proof = await signProof(proofKey, { method: 'GET', uri: `${publicUrl}/me`, accessToken: bound })
    const fields = [['authorization', `DPoP ${bound}`] as const, ['dpop', proof] as const]
    expect((await send(service, '/me', { fields })).status).toBe(200)
    expect((await send(service, '/me', { fields })).status).toBe(401)
  })

  test('pass the execution context to policies', async () => {
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
    expect(await statuses(service, ['/me'])).toEqual([200])
    expect(seen).toEqual([Me])
  })
})

describe('the guard for all routes', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
    return () => provider.close()
  })

  test('admits verified users to handlers without a rule, and does not protect the metadata', async () => {
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
    expect(await statuses(service, ['/api/orders/list'])).toEqual([200])
    expect((await send(service, '/api/orders/open')).status).toBe(200)
    expect((await send(service, '/.well-known/oauth-protected-resource')).status).toBe(200)
  })

  test.each([
    ['Express', () => undefined],
    ['Fastify', () => new FastifyAdapter()],
  ])(
    'does not protect the routes of sessions, and no prefix applies to them (%s)',
    async (_name, adapter) => {
      class Orders {
        list() {}
      }
      decorate(Orders, 'list', Get('list'))
      Controller('orders')(Orders)
      const { sessions } = setup(provider)
      const module = CloakwrightModule.forRoot({ ...options(), sessions })
      const providers = [{ provide: APP_GUARD, useExisting: CloakwrightGuard }]
      const service = await start(
        { imports: [module], controllers: [Orders], providers },
        (app) => app.setGlobalPrefix('api'),
        adapter(),
      )
      const fields = [['host', host]] as const
      expect((await send(service, '/auth/login', { fields })).status).toBe(302)
      expect((await send(service, '/api/auth/login', { fields })).status).toBe(404)
      expect((await send(service, '/api/orders/list', { fields })).json()).toMatchObject({
        status: 401,
        login: '/auth/login',
      })
    },
  )
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
        verifier: createVerifier({ issuer: world.issuer.issuer, audience }),
      }),
    })
    const service = await start({ imports: [imported], controllers: [Me] })
    expect(await statuses(service, ['/me'])).toEqual([200])
  })

  test('if it is missing, the application does not start', async () => {
    class Me {
      me() {}
    }
    decorate(Me, 'me', Get('me'), RequireUser())
    Controller()(Me)
    class Root {}
    Module({ controllers: [Me] })(Root)
    const starting = NestFactory.create(Root, { logger: false, abortOnError: false })
    await expect(starting).rejects.toThrow(/CloakwrightGuard[^]*CloakwrightModule\.forRoot\(\)/)
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

  test('of other packages are sent as before', async () => {
    const response = await send(service, '/teapot')
    expect([response.status, response.json()]).toEqual([418, { statusCode: 418, message: 'short and stout' }])
  })

  test('of refusals may be sent by a filter of the application', async () => {
    const response = await send(service, '/own')
    expect(response.status).toBe(401)
    expect(response.json()).toMatchObject({ own: { status: 401, code: 'CW_TOKEN_MISSING' } })
  })

  test('of a handler that reads the user of an unguarded route: 500', async () => {
    expect((await send(service, '/unguarded')).json()).toMatchObject({
      status: 500,
      code: 'CW_CONFIG_MISSING',
    })
  })

  test('are written to Nest’s log', async () => {
    logs.length = 0
    await statuses(service, ['/forbidden'])
    expect(logs).toMatchObject([
      { level: 'info', code: 'CW_FORBIDDEN', message: 'Token: missing realm role: nobody' },
    ])
  })
})
