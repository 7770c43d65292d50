import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type ModuleMetadata,
} from '@nestjs/common'
import { APP_FILTER, APP_GUARD, BaseExceptionFilter } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { createVerifier } from 'cloakwright'
import { CloakwrightGuard, CloakwrightModule, RequireScope } from 'cloakwright/nest'
import { describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../../proof/support/proofs.ts'
import { bearer, type Received, send } from '../behaviour/client.ts'
import { decorate, publicUrl, useNest } from '../drivers/nest-service.ts'
import type { Service } from '../drivers/types.ts'

// Filters of an application respond in its format; before they run, the challenge is on the response and the reason in the log.

const world = useNest()
const proofKey = await makeProofKey()

interface Reply {
  status(code: number): { send(body: unknown): void }
}

/** For all HTTP exceptions, as in many applications. */
class OwnFormat implements ExceptionFilter<HttpException> {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Reply>()
    response.status(exception.getStatus()).send({ oops: exception.message })
  }
}
Catch(HttpException)(OwnFormat)

/** For all exceptions. */
class CatchAll implements ExceptionFilter {
  catch(exception: unknown, host: ArgumentsHost): void {
    const status = exception instanceof HttpException ? exception.getStatus() : 500
    const message = exception instanceof Error ? exception.message : 'unknown'
    host.switchToHttp().getResponse<Reply>().status(status).send({ oops: message })
  }
}
Catch()(CatchAll)

/** As in Nest's documentation. */
class ExtendsBase extends BaseExceptionFilter {}
Catch()(ExtendsBase)

class Ships {
  list() {
    return []
  }
  write() {}
}
decorate(Ships, 'list', Get('ships'))
decorate(Ships, 'write', Get('write'), RequireScope('ships:write'))
Controller()(Ships)

const metadata = (more: Partial<ModuleMetadata> = {}, issuer = world.issuer.issuer): ModuleMetadata => ({
  imports: [
    CloakwrightModule.forRoot({
      verifier: createVerifier({
        issuer,
        audience: 'shop-api',
        dpop: { publicUrl, nonceKeys: [Buffer.alloc(32, 7)] },
      }),
    }),
  ],
  controllers: [Ships],
  ...more,
  providers: [{ provide: APP_GUARD, useExisting: CloakwrightGuard }, ...(more.providers ?? [])],
})

type Start = (issuer?: string) => Promise<Service>
const fastify = () => new FastifyAdapter()
const starts: Record<string, Start> = {
  'no filter of its own': (issuer) => world.start(metadata({}, issuer)),
  useGlobalFilters: (issuer) =>
    world.start(metadata({}, issuer), (app) => app.useGlobalFilters(new OwnFormat())),
  'useGlobalFilters, for everything': (issuer) =>
    world.start(metadata({}, issuer), (app) => app.useGlobalFilters(new CatchAll())),
  'APP_FILTER, for everything': (issuer) =>
    world.start(metadata({ providers: [{ provide: APP_FILTER, useClass: CatchAll }] }, issuer)),
  'a filter that extends Nest’s': (issuer) =>
    world.start(metadata({ providers: [{ provide: APP_FILTER, useClass: ExtendsBase }] }, issuer)),
  'on Fastify, useGlobalFilters': (issuer) =>
    world.start(metadata({}, issuer), (app) => app.useGlobalFilters(new OwnFormat()), fastify()),
  'on Fastify, for everything': (issuer) =>
    world.start(metadata({}, issuer), (app) => app.useGlobalFilters(new CatchAll()), fastify()),
}

describe.each(Object.entries(starts))('%s', (name, start) => {
  // Nest calls the filters of imported modules before APP_FILTER of the root module: then ours responds.
  const own = name.includes('useGlobalFilters') || name.startsWith('on Fastify')

  /** Sends a request, and returns the log entries about it. */
  async function ask(
    service: Service,
    path: string,
    fields: readonly (readonly [string, string])[] = [],
  ): Promise<{ response: Received; logged: unknown }> {
    world.logs.length = 0
    const response = await send(service, path, { fields })
    return { response, logged: [...world.logs] }
  }

  test('challenge and log entry of a request without a token', async () => {
    const { response, logged } = await ask(await start(), '/ships')
    expect(response.status).toBe(401)
    expect(response.headers['www-authenticate']).toMatch(/^Bearer realm="shop"/)
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.json()).toMatchObject(
      own ? { oops: 'Not authenticated' } : { status: 401, code: 'CW_TOKEN_MISSING' },
    )
    expect(response.headers['content-type']).toMatch(own ? /^application\/json/ : /json/)
    expect(logged).toMatchObject([{ level: 'info', code: 'CW_TOKEN_MISSING' }])
  })

  test('the required scope when a token lacks it', async () => {
    const { response, logged } = await ask(await start(), '/write', [bearer(await world.sign())])
    expect(response.status).toBe(403)
    expect(response.headers['www-authenticate']).toContain('scope="ships:write"')
    expect(logged).toMatchObject([{ level: 'info', message: 'Token: missing scope: ships:write' }])
  })

  test('the nonce of a DPoP proof', async () => {
    const bound = await world.sign({ typ: 'DPoP', cnf: { jkt: proofKey.jkt } })
    const proof = await signProof(proofKey, {
      method: 'GET',
      uri: `${publicUrl}/ships`,
      accessToken: bound,
    })
    const { response } = await ask(await start(), '/ships', [
      ['authorization', `DPoP ${bound}`],
      ['dpop', proof],
    ])
    expect(response.status).toBe(401)
    expect(response.headers['dpop-nonce']).toMatch(/^[\w-]{43}$/)
    expect(response.headers['www-authenticate']).toContain('use_dpop_nonce')
  })

  test('Retry-After while the realm is down', async () => {
    const token = await world.sign({ iss: 'http://127.0.0.1:9/realms/shop' })
    const service = await start('http://127.0.0.1:9/realms/shop')
    const { response, logged } = await ask(service, '/ships', [bearer(token)])
    expect(response.status).toBe(503)
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    expect(logged).toMatchObject([{ level: 'warn' }])
  })
})
