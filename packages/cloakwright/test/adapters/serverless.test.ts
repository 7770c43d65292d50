import { createVerifier } from 'cloakwright'
import * as onExpress from 'cloakwright/express'
import * as onFastify from 'cloakwright/fastify'
import * as onHono from 'cloakwright/hono'
import express, { type Express } from 'express'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { handle } from 'hono/aws-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProofKey, signProof } from '../proof/support/proofs.ts'
import { claimsOf, makeKey, signClaims, startIssuer, type TestIssuer } from '../support/issuer.ts'

// AWS Lambda: the frameworks' adapters create requests from events, without a connection and some without rawHeaders.

/** A client's request. */
interface Sent {
  readonly method?: string
  readonly path: string
  readonly query?: string
  /** Headers, also several with one name. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
}

interface Result {
  readonly statusCode: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
}

type Handler = (event: unknown, context?: object) => Promise<Result>

/** Their types differ in the default export: each creates a Lambda handler for an application. */
async function adapterOf<Options>(name: string): Promise<(options: Options) => Handler> {
  return ((await import(name)) as { readonly default: (options: Options) => Handler }).default
}

const events: Readonly<Record<string, (sent: Sent) => unknown>> = {
  'REST API (version 1.0)': ({ method = 'GET', path, query = '', fields = [], body }) => {
    const multiValueHeaders: Record<string, string[]> = { Host: ['api.example.com'] }
    for (const [name, value] of fields) (multiValueHeaders[name] ??= []).push(value)
    const last = Object.entries(multiValueHeaders).map(([name, values]) => [name, values.at(-1)])
    const parameters = Object.fromEntries(new URLSearchParams(query))
    return {
      version: '1.0',
      resource: path,
      path,
      httpMethod: method,
      headers: Object.fromEntries(last),
      multiValueHeaders,
      queryStringParameters: parameters,
      multiValueQueryStringParameters: Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [name, [value]]),
      ),
      requestContext: { identity: { sourceIp: '192.0.2.1' }, stage: 'prod', path, httpMethod: method },
      body: body ?? '',
      isBase64Encoded: false,
    }
  },
  'HTTP API (version 2.0)': ({ method = 'GET', path, query = '', fields = [], body }) => {
    const headers: Record<string, string> = { host: 'api.example.com' }
    for (const [name, value] of fields) {
      const key = name.toLowerCase()
      headers[key] = headers[key] === undefined ? value : `${headers[key]},${value}`
    }
    return {
      version: '2.0',
      routeKey: '$default',
      rawPath: path,
      rawQueryString: query,
      headers,
      queryStringParameters: Object.fromEntries(new URLSearchParams(query)),
      requestContext: {
        http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'x' },
        domainName: 'api.example.com',
        stage: '$default',
        timeEpoch: 0,
      },
      body: body ?? '',
      isBase64Encoded: false,
    }
  },
}

const key = makeKey('one', 'ES256')
const publicUrl = 'https://api.example.com'
let issuer: TestIssuer
let token: string
beforeAll(async () => {
  issuer = await startIssuer([key.jwk])
  token = await signClaims(key, claimsOf(issuer.issuer))
})
afterAll(() => issuer.close())

const makeVerifier = () =>
  createVerifier({ issuer: issuer.issuer, audience: 'shop-api', dpop: { publicUrl } })

function makeExpress(): Express {
  const app = express()
  app.use(express.urlencoded(), onExpress.cloakwright({ verifier: makeVerifier() }))
  app.use(onExpress.requireUser())
  app.all('/me', onExpress.requireRole('admin'), (request, response) => {
    response.json({ user: onExpress.userOf(request).username })
  })
  return app.use(onExpress.sendProblem)
}

async function makeFastify(): Promise<Handler> {
  const app = Fastify()
  const form = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  )
  await app.register(onFastify.cloakwright, { verifier: makeVerifier() })
  const onRequest = [onFastify.requireUser(), onFastify.requireRole('admin')]
  app.route({
    method: ['GET', 'POST'],
    url: '/me',
    onRequest,
    handler: (request) => ({ user: onFastify.userOf(request).username }),
  })
  const toHandler = await adapterOf<FastifyInstance>('@fastify/aws-lambda')
  const handler = toHandler(app)
  return (event) => handler(event, {})
}

function makeHono(): Handler {
  const app = new Hono()
  app.onError(onHono.sendProblem)
  app.use(onHono.cloakwright({ verifier: makeVerifier() }), onHono.requireUser())
  app.all('/me', onHono.requireRole('admin'), (c) => c.json({ user: onHono.userOf(c).username }))
  const handler = handle(app) as unknown as Handler
  return (event) => handler(event)
}

describe.each<[string, () => Handler | Promise<Handler>]>([
  ['serverless-http and Express', async () => (await adapterOf<Express>('serverless-http'))(makeExpress())],
  [
    '@codegenie/serverless-express and Express',
    async () => {
      const toHandler = await adapterOf<{ readonly app: Express }>('@codegenie/serverless-express')
      const handler = toHandler({ app: makeExpress() })
      return (event) => handler(event, {})
    },
  ],
  ['@fastify/aws-lambda and Fastify', makeFastify],
  ['hono/aws-lambda and Hono', makeHono],
])('%s', (_name, make) => {
  let handler: Handler
  beforeAll(async () => {
    handler = await make()
  })

  describe.each(Object.keys(events))('%s', (version) => {
    const call = async (sent: Omit<Sent, 'path'> = {}): Promise<Result> => {
      const result = await handler(events[version]?.({ path: '/me', ...sent }))
      return result
    }
    const bearer = (text = token) => [['Authorization', `Bearer ${text}`] as const]

    test('a valid token is admitted', async () => {
      const { statusCode, body } = await call({ fields: bearer() })
      expect([statusCode, JSON.parse(body)]).toEqual([200, { user: 'alice' }])
    })

    test.each([
      ['no token', {}, 401, 'CW_TOKEN_MISSING'],
      ['a bad token', { fields: [['Authorization', 'Bearer x'] as const] }, 401, 'CW_TOKEN_MALFORMED'],
    ])('%s', async (_case, sent, status, code) => {
      const result = await call(sent)
      expect([result.statusCode, JSON.parse(result.body)]).toMatchObject([status, { code }])
      const headers = { ...result.headers, ...result.multiValueHeaders }
      expect(String(headers['www-authenticate'])).toContain('Bearer realm="shop"')
    })

    test('a second token in the URL or in a form: 400', async () => {
      const inAddress = await call({ fields: bearer(), query: 'access_token=x' })
      const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const
      const inForm = await call({
        method: 'POST',
        fields: [...bearer(), form],
        body: 'access_token=x',
      })
      expect([inAddress.statusCode, inForm.statusCode]).toEqual([400, 400])
    })

    test('a DPoP proof is used once, by all guards', async () => {
      const proofKey = await makeProofKey()
      const bound = await signClaims(
        key,
        claimsOf(issuer.issuer, { typ: 'DPoP', cnf: { jkt: proofKey.jkt } }),
      )
      const target = { method: 'GET', uri: `${publicUrl}/me`, accessToken: bound }
      const fields = [
        ['Authorization', `DPoP ${bound}`],
        ['DPoP', await signProof(proofKey, target)],
      ] as const
      expect((await call({ fields })).statusCode).toBe(200)
      const replayed = await call({ fields })
      expect(JSON.parse(replayed.body)).toMatchObject({ status: 401, code: 'CW_PROOF_REPLAYED' })
    })
  })
})
