import { createVerifier } from 'cloakwright'
import { cloakwright, requireUser, userOf } from 'cloakwright/express'
import * as onFastify from 'cloakwright/fastify'
import { cloakwright as onWeb } from 'cloakwright/web'
import type { NextFunction, Request, Response } from 'express'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

// Request mocks of unit tests: they have no connection, and usually no rawHeaders.

interface Mocks {
  createRequest(options: object): object
  createResponse(): object
  createMocks(options: object): { readonly req: object; readonly res: MockResponse }
}
interface MockResponse {
  readonly statusCode: number
  getHeader(name: string): unknown
  _getJSONData(): unknown
}
const nodeMocks = 'node-mocks-http'
const { createMocks, createRequest, createResponse } = (
  (await import(nodeMocks)) as { readonly default: Mocks }
).default

const key = makeKey('one', 'ES256')
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await signClaims(key, claimsOf(issuer.issuer))
})
afterAll(() => issuer.close())

const makeVerifier = () => createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })

/** Runs the middleware and a guard like Express: returns the argument of `next`, or that the response has ended. */
async function run(request: object, response: object = createResponse()): Promise<unknown> {
  const logged: string[] = []
  const middleware = cloakwright({
    verifier: makeVerifier(),
    onRefused: ({ code }) => void logged.push(code),
  })
  const call = (handler: (request: Request, response: Response, next: NextFunction) => void) =>
    new Promise<unknown>((resolve, reject) => {
      const end = () => resolve(logged)
      Object.assign(response, { end })
      try {
        handler(request as Request, response as Response, (error?: unknown) => resolve(error ?? 'next'))
      } catch (error) {
        reject(error as Error)
      }
    })
  await call(middleware as never)
  return await call(requireUser() as never)
}

describe('node-mocks-http', () => {
  test.each<[string, () => object, unknown]>([
    ['a token', () => ({ authorization: `Bearer ${token}` }), 'next'],
    ['a token, the name in capitals', () => ({ AUTHORIZATION: `Bearer ${token}` }), 'next'],
    ['no token', () => ({}), ['CW_TOKEN_MISSING']],
    ['a bad token', () => ({ authorization: 'Bearer x' }), ['CW_TOKEN_MALFORMED']],
  ])('%s', async (_name, headers, expected) => {
    const request = createRequest({ url: '/me', headers: headers() ?? {} })
    expect(await run(request)).toEqual(expected)
    if (expected === 'next') expect(userOf(request as unknown as Request).username).toBe('alice')
  })

  test('the response has status, challenge and body', async () => {
    const { req, res } = createMocks({ url: '/me' })
    const guard = requireUser() as unknown as (...args: unknown[]) => void
    const middleware = cloakwright({ verifier: makeVerifier() }) as unknown as (...args: unknown[]) => void
    middleware(req, res, () => guard(req, res, () => {}))
    expect([res.statusCode, res.getHeader('www-authenticate')]).toEqual([401, 'Bearer realm="shop"'])
    expect(res._getJSONData()).toMatchObject({ code: 'CW_TOKEN_MISSING' })
  })
})

describe('a plain object from a test', () => {
  test.each<[string, () => object, unknown]>([
    ['headers', () => ({ headers: { authorization: `Bearer ${token}` } }), 'next'],
    ['headers in capitals', () => ({ headers: { Authorization: `Bearer ${token}` } }), 'next'],
    ['headers as a list', () => ({ headers: { authorization: [`Bearer ${token}`] } }), 'next'],
    ['web headers', () => ({ headers: new Headers({ authorization: `Bearer ${token}` }) }), 'next'],
    [
      'headers and empty rawHeaders',
      () => ({ rawHeaders: [], headers: { authorization: `Bearer ${token}` } }),
      'next',
    ],
    [
      'rawHeaders that say otherwise than headers',
      () => ({ rawHeaders: ['Host', 'x'], headers: { authorization: `Bearer ${token}` } }),
      ['CW_TOKEN_MISSING'],
    ],
    [
      'two tokens',
      () => ({ headers: { authorization: [`Bearer ${token}`, 'Bearer x'] } }),
      ['CW_REQUEST_AMBIGUOUS'],
    ],
    [
      'two tokens in different cases',
      () => ({ headers: { authorization: `Bearer ${token}`, Authorization: 'Bearer x' } }),
      ['CW_REQUEST_AMBIGUOUS'],
    ],
    ['no token', () => ({ headers: {} }), ['CW_TOKEN_MISSING']],
    ['no headers at all', () => ({ url: '/' }), ['CW_CONFIG_INVALID']],
  ])('with %s', async (_name, make, expected) => {
    expect(await run(make())).toEqual(expected)
  })

  test('a response whose writeHead() returns nothing is sent', async () => {
    const statuses: number[] = []
    const writeHead = (status: number): void => void statuses.push(status)
    expect(await run({ headers: {} }, { writeHead })).toEqual(['CW_TOKEN_MISSING'])
    expect(statuses).toEqual([401])
  })

  test('a response that cannot be sent is refused with the missing function', async () => {
    await expect(run({ headers: {} }, { status: () => ({ json: () => {} }) })).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: 'Response: it has no writeHead()',
    })
  })

  test.each([
    ['a relative URL', { url: '/me', headers: new Headers() }],
    ['an object for its headers', { url: 'https://api.example.com/', headers: {} }],
    ['nothing', {}],
  ])('a web request with %s is refused with the missing part', async (_name, request) => {
    const protect = onWeb({ verifier: makeVerifier() })
    await expect(
      protect(() => new Response('in'))(request as unknown as globalThis.Request),
    ).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
    })
  })
})

test('Fastify’s inject, with two headers of one name', async () => {
  const app = Fastify()
  await app.register(onFastify.cloakwright, { verifier: makeVerifier() })
  app.get('/', { onRequest: onFastify.requireUser() }, () => ({ ok: true }))
  const get = (authorization: string | string[]) =>
    app.inject({ url: '/', headers: { authorization } as Record<string, string> })
  expect((await get(`Bearer ${token}`)).statusCode).toBe(200)
  expect((await get([`Bearer ${token}`, 'Bearer x'])).statusCode).toBe(400)
  await app.close()
})
