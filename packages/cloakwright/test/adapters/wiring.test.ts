import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, type Policy, role, type Verifier } from 'cloakwright'
import * as onExpress from 'cloakwright/express'
import * as onFastify from 'cloakwright/fastify'
import * as onHono from 'cloakwright/hono'
import * as onNest from 'cloakwright/nest'
import { cloakwright as onWeb } from 'cloakwright/web'
import { createUpgradeGuard } from 'cloakwright/websocket'
import express, { type Express } from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, describe, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer } from '../support/issuer.ts'
import { codeOf, refusalOf } from '../support/refusal.ts'
import { send } from './behaviour/client.ts'

// Guards with wrong wiring: each fails at once with its name, and no request waits forever.

const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

async function listen(app: Express): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return { port: (server.address() as AddressInfo).port, close: async () => {} }
}

const names = [
  'requireUser',
  'requireRole',
  'requireClientRole',
  'requireScope',
  'requireAudience',
  'requirePolicy',
  'allowAnonymous',
] as const

const uncalled = {
  express: { ...onExpress },
  fastify: { ...onFastify },
  hono: { ...onHono },
  nest: { ...onNest },
}

describe.each(names)('%s, passed without being called', (name) => {
  const problem = { status: 500, code: 'CW_CONFIG_INVALID' }
  const message = `${name}: passed without being called`

  test('Express', async () => {
    const logged: string[] = []
    const app = express()
    app.use(onExpress.cloakwright({ verifier, onRefused: (entry) => void logged.push(entry.message) }))
    app.get('/', uncalled.express[name] as never, (_request, response) => void response.json({ ok: true }))
    app.use(onExpress.sendProblem)
    const response = await send(await listen(app), '/')
    expect(response.json()).toMatchObject(problem)
    expect(logged).toEqual([message])
  })

  test.each(['onRequest', 'preHandler'] as const)('Fastify, as %s', async (hook) => {
    const errors: unknown[] = []
    const app = Fastify()
    app.setErrorHandler((error, request, reply) => {
      errors.push(error)
      return onFastify.sendProblem(error, request, reply)
    })
    await app.register(onFastify.cloakwright, { verifier })
    app.get('/', { [hook]: uncalled.fastify[name] }, () => ({ ok: true }))
    expect((await app.inject('/')).json()).toMatchObject(problem)
    expect(errors).toMatchObject([{ message }])
    await app.close()
  })

  test('Hono', async () => {
    const logged: string[] = []
    const app = new Hono()
    app.onError(onHono.sendProblem)
    app.use(onHono.cloakwright({ verifier, onRefused: (entry) => void logged.push(entry.message) }))
    app.get('/', uncalled.hono[name] as never, (c) => c.json({ ok: true }))
    expect(await (await app.request('/')).json()).toMatchObject(problem)
    expect(logged).toEqual([message])
  })

  test('NestJS, on a method and on a class', async () => {
    const decorator = `Require${name.slice('require'.length)}`
    const nestName = name === 'allowAnonymous' ? 'AllowAnonymous' : decorator
    const decorate = uncalled.nest[nestName as 'RequireUser'] as unknown as (...place: unknown[]) => unknown
    class Orders {}
    const descriptor = { value: () => {} }
    for (const place of [[Orders.prototype, 'list', descriptor], [Orders]])
      if (name !== 'requirePolicy' || place.length > 1)
        expect(await refusalOf(() => decorate(...place))).toMatchObject({
          code: 'CW_CONFIG_INVALID',
          message: `@${nestName}: passed without being called`,
        })
  })
})

// Each line would compile if the functions took no arguments.
test('it does not compile', () => {
  const app = express() as Express
  const server = Fastify()
  const hono = new Hono()
  const mistakes = [
    // @ts-expect-error -- not called
    () => app.get('/', onExpress.requireUser, () => {}),
    // @ts-expect-error -- not called
    () => app.use(onExpress.allowAnonymous),
    // @ts-expect-error -- not called
    () => app.use(onExpress.cloakwright),
    // @ts-expect-error -- not called
    () => server.get('/', { onRequest: onFastify.requireUser }, () => ({})),
    // @ts-expect-error -- not called
    () => server.addHook('onRequest', onFastify.allowAnonymous),
    // @ts-expect-error -- not called
    () => hono.get('/', onHono.requireUser, (c) => c.text('')),
    // @ts-expect-error -- not called
    () => hono.use(onHono.cloakwright),
    // @ts-expect-error -- not called
    () => app.use(onExpress.requirePolicy),
    // @ts-expect-error -- no verifier
    () => onWeb({}),
    // @ts-expect-error -- a function that makes policies
    () => onExpress.requirePolicy(role),
  ]
  expect(mistakes).toHaveLength(10)
})

describe('a value that is not a policy stops the start', () => {
  const wrong: readonly unknown[] = [undefined, role, 'admin', {}, { allowed: true }]
  test.each(wrong)('%o', async (value) => {
    const policy = value as Policy
    for (const { requirePolicy } of [onExpress, onFastify, onHono])
      expect(await refusalOf(() => requirePolicy(policy))).toMatchObject({
        code: 'CW_CONFIG_INVALID',
        message: expect.stringContaining('requirePolicy: its argument is not a policy') as string,
      })
    expect(await codeOf(() => onNest.RequirePolicy(policy))).toBe('CW_CONFIG_INVALID')
    if (policy !== undefined)
      expect(await codeOf(() => onWeb({ verifier })(() => new Response(), policy))).toBe('CW_CONFIG_INVALID')
  })
})

describe('a value that is not a verifier stops the start', () => {
  const promised = Promise.resolve(verifier)
  test.each<[string, unknown, string]>([
    ['no verifier', {}, 'cloakwright: verifier is missing'],
    ['the verifier itself', verifier, 'cloakwright: the verifier was passed in place of the options'],
    ['createVerifier, not called', { verifier: createVerifier }, 'cloakwright: verifier is a function'],
    ['a promise', { verifier: promised }, 'cloakwright: verifier is a promise'],
    ['its options', { verifier: { issuer: 'x', audience: 'y' } }, 'cloakwright: verifier is not a verifier'],
    [
      'a client of another library',
      { verifier: { verify: async () => ({}) } },
      'cloakwright: verifier is not a verifier',
    ],
  ])('%s', async (name, options, message) => {
    const given = options as { verifier: Verifier }
    const app = Fastify()
    void app.register(onFastify.cloakwright, given)
    const starts = [
      () => onExpress.cloakwright(given),
      () => onHono.cloakwright(given),
      () => onWeb(given),
      () => onNest.CloakwrightModule.forRoot(given),
      () => createUpgradeGuard(given),
    ]
    for (const start of starts) expect((await refusalOf(start))?.message).toBe(message)
    // Fastify itself creates options from nothing and adds to them.
    if (name !== 'the verifier itself')
      expect((await refusalOf(async () => app.ready()))?.message).toBe(message)
  })

  test('no options at all', async () => {
    for (const start of [onExpress.cloakwright, onHono.cloakwright, onWeb] as unknown as (() => unknown)[])
      expect((await refusalOf(() => start()))?.message).toBe('cloakwright: verifier is missing')
  })

  test.each([
    ['a promise', Promise.resolve({}), 'cloakwright: sessions is a promise'],
    ['its options', { issuer: 'x' }, 'cloakwright: sessions is not a session engine'],
  ])('sessions that are %s', async (_name, sessions, message) => {
    const app = Fastify()
    void app.register(onFastify.cloakwright, { verifier, sessions: sessions as never })
    expect((await refusalOf(async () => app.ready()))?.message).toBe(message)
  })
})

test('a middleware that is passed without being called is refused', async () => {
  const app = express()
  app.use(onExpress.cloakwright as never)
  app.use(onExpress.sendProblem)
  expect((await send(await listen(app), '/')).json()).toMatchObject({ code: 'CW_CONFIG_MISSING' })
  const hono = new Hono()
  hono.onError(onHono.sendProblem)
  hono.use(onHono.cloakwright as never)
  expect(await (await hono.request('/')).json()).toMatchObject({ code: 'CW_CONFIG_MISSING' })
})

test('a guard of web requests without a handler is refused', async () => {
  const protect = onWeb({ verifier })
  const request = new Request('https://api.example.com/')
  for (const each of [protect, protect.anonymous])
    expect(await codeOf(() => (each as unknown as (request: Request) => unknown)(request))).toBe(
      'CW_CONFIG_INVALID',
    )
})

test('a guard before its middleware is refused with the next step', async () => {
  const app = Fastify()
  app.setErrorHandler(onFastify.sendProblem)
  app.get('/', { onRequest: onFastify.requireRole('admin') }, () => ({ ok: true }))
  expect((await app.inject('/')).json()).toMatchObject({ status: 500, code: 'CW_CONFIG_MISSING' })
  await app.close()
  const hono = new Hono()
  const errors: Error[] = []
  hono.onError((error, c) => {
    errors.push(error)
    return onHono.sendProblem(error, c)
  })
  hono.get('/', onHono.requireRole('admin'), (c) => c.json({ ok: true }))
  hono.use(onHono.cloakwright({ verifier }))
  expect((await hono.request('/')).status).toBe(500)
  expect(errors[0]?.message).toBe('Route: cloakwright is not registered, but a guard needs realm role admin')
})

test('a Fastify plugin that is not awaited detects a second token in the forms of earlier routes', async () => {
  const key = makeKey('one', 'ES256')
  const issuer = await startIssuer([key.jwk])
  const app = Fastify()
  const type = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  )
  void app.register(onFastify.cloakwright, {
    verifier: createVerifier({ issuer: issuer.issuer, audience: 'shop-api' }),
  })
  app.post('/', { onRequest: onFastify.requireUser() }, () => ({ ok: true }))
  const token = await signClaims(key, claimsOf(issuer.issuer))
  const headers = { authorization: `Bearer ${token}`, 'content-type': type }
  const post = (payload: string) => app.inject({ method: 'POST', url: '/', headers, payload })
  expect((await post('title=a')).statusCode).toBe(200)
  expect((await post(`access_token=${token}`)).statusCode).toBe(400)
  await app.close()
  await issuer.close()
})
