import { once } from 'node:events'
import { IncomingMessage } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { type ArgumentsHost, HttpException, type INestApplication } from '@nestjs/common'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { createRevocations, createVerifier } from 'cloakwright'
import {
  bindUpgrade,
  CloakwrightFilter,
  CloakwrightGuard,
  CloakwrightModule,
  maybeUserOf,
  RefusedException,
  RequireRole,
} from 'cloakwright/nest'
import { beforeAll, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { decorate, useNest } from '../drivers/nest-service.ts'

// Where the guard finds the request in contexts other than HTTP routes, with the arguments that the drivers of Nest pass.
// test/compatibility shows on the drivers themselves that they pass these.

const world = useNest()

class Quays {
  berths() {}
}
decorate(Quays, 'berths', RequireRole('admin'))

let app: INestApplication
let guard: CloakwrightGuard
beforeAll(async () => {
  await world.start({ imports: [CloakwrightModule.forRoot(world.options())] }, (one) => (app = one))
  guard = app.get(CloakwrightGuard)
})

function requestWith(token: string | undefined): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  request.method = 'POST'
  request.url = '/graphql'
  if (token !== undefined) request.rawHeaders.push('authorization', `Bearer ${token}`)
  return request
}

function contextOf(type: string, ...args: unknown[]): ExecutionContextHost {
  // oxlint-disable-next-line typescript/unbound-method -- Nest identifies a handler by its function
  const context = new ExecutionContextHost(args, Quays, Quays.prototype.berths)
  context.setType(type)
  return context
}

const info = { fieldNodes: [] }
type Place = (request: IncomingMessage) => readonly unknown[]
const graphql = (context: (request: IncomingMessage) => unknown): Place => {
  return (request) => [undefined, {}, context(request), info]
}

const places: readonly (readonly [string, Place])[] = [
  ['req', graphql((req) => ({ req }))],
  ['request', graphql((request) => ({ request }))],
  ['Fastify’s request', graphql((raw) => ({ req: { raw, headers: raw.headers } }))],
  ['the reply of Mercurius', graphql((request) => ({ reply: { request } }))],
  ['the request itself', graphql((request) => request)],
  [
    'the connection of a subscription, as Nest has it',
    graphql((request) => ({ req: { extra: { request } } })),
  ],
  ['the connection of a subscription', graphql((request) => ({ extra: { request } }))],
  [
    'made of what a client sent to open a subscription',
    graphql(({ rawHeaders: [, authorization] }) => ({ req: { headers: { authorization } } })),
  ],
  ['a resolver of references', (req) => [{}, { req }, info]],
  ['a resolver of types', (req) => [{}, { req }, info, {}]],
]

describe.each(places)('GraphQL, %s', (_name, place) => {
  test('the token decides', async () => {
    const context = (token: string | undefined) => contextOf('graphql', ...place(requestWith(token)))
    await expect(guard.canActivate(context(await world.sign()))).resolves.toBe(true)
    await expect(guard.canActivate(context(undefined))).rejects.toMatchObject({ status: 401 })
    const other = await world.sign({ realm_access: { roles: ['user'] } })
    await expect(guard.canActivate(context(other))).rejects.toMatchObject({
      message: 'Insufficient permissions',
      extensions: { code: 'FORBIDDEN', originalError: { code: 'CW_FORBIDDEN' } },
    })
  })
})

test('each call is decided separately, whatever the same request was allowed before', async () => {
  const request = requestWith(await world.sign({ realm_access: { roles: ['user'] } }))
  for (const _ of [1, 2])
    await expect(guard.canActivate(contextOf('graphql', {}, {}, { req: request }, info))).rejects.toThrow(
      RefusedException,
    )
})

test('a gateway: the token of the connection, with Socket.IO and ws', async () => {
  const request = requestWith(await world.sign())
  const socketIo = { request, emit: () => {} }
  const ws = { readyState: 1, send: () => {} }
  bindUpgrade(ws, request)
  for (const client of [socketIo, ws]) {
    await expect(guard.canActivate(contextOf('ws', client, {}))).resolves.toBe(true)
    expect(maybeUserOf(client)?.username).toBe('alice')
  }
})

test.each([
  ['graphql', [{}, {}, { user: 'alice' }, info], 'Quays.berths: the GraphQL context has no request'],
  ['ws', [{ readyState: 1 }, {}], 'Quays.berths: the upgrade request of the connection is unknown'],
  ['rpc', [{}, {}], 'Quays.berths: it guards HTTP routes, GraphQL operations and gateways, not rpc'],
])('%s without a request: refused, with the reason', async (type, args, why) => {
  await expect(guard.canActivate(contextOf(type, ...args))).rejects.toMatchObject({
    code: 'CW_CONFIG_INVALID',
    message: `CloakwrightGuard at ${why}`,
  })
})

describe('the filter', () => {
  const refusalOf = async (type: string, ...args: unknown[]): Promise<[unknown, ArgumentsHost]> => {
    const host = contextOf(type, ...args)
    return [await guard.canActivate(host).catch((error: unknown) => error), host]
  }
  const answer = (exception: unknown, host: ArgumentsHost): unknown => {
    const filter = new CloakwrightFilter(
      {
        refuse: (error: unknown) => {
          throw error
        },
      } as never,
      { httpAdapter: app.getHttpAdapter() } as never,
    )
    return filter.catch(exception as RefusedException, host)
  }

  test('passes a GraphQL refusal to the driver', async () => {
    const [refusal, host] = await refusalOf('graphql', {}, {}, { req: requestWith(undefined) }, info)
    expect(refusal).toBeInstanceOf(HttpException)
    expect(() => answer(refusal, host)).toThrow('Not authenticated')
  })

  test('sends a gateway’s refusal as the event exception', async () => {
    const sent: unknown[] = []
    const ws = { readyState: 1, send: (text: string) => sent.push(JSON.parse(text)) }
    bindUpgrade(ws, requestWith(undefined))
    answer(...(await refusalOf('ws', ws, {})))
    const emit = (event: string, data: unknown) => sent.push({ event, data })
    answer(...(await refusalOf('ws', { request: requestWith(undefined), emit }, {})))
    const data = { status: 'error', message: 'Not authenticated', code: 'CW_TOKEN_MISSING' }
    expect(sent).toMatchObject([
      { event: 'exception', data },
      { event: 'exception', data },
    ])
  })

  test('leaves other contexts to Nest', async () => {
    expect(answer(...(await refusalOf('rpc', {}, {})))).toBeUndefined()
  })
})

describe('the connection of a gateway', () => {
  /** A server whose guard runs for each message of a connection, as in Nest's gateways. */
  async function connect(token: string) {
    const revocations = createRevocations()
    const verifier = createVerifier({ issuer: world.issuer.issuer, audience: 'shop-api', revocations })
    let one: INestApplication | undefined
    await world.start({ imports: [CloakwrightModule.forRoot({ verifier })] }, (made) => (one = made))
    const guardOfMessages = (one as INestApplication).get(CloakwrightGuard)
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(sockets, 'listening')
    const connected = once(sockets, 'connection') as Promise<[WebSocket, IncomingMessage]>
    const client = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const [socket, request] = await connected
    bindUpgrade(socket, request)
    return {
      send: () => guardOfMessages.canActivate(contextOf('ws', socket, {})),
      listeners: () => request.socket.listenerCount('close'),
      revocations,
      closed: once(client, 'close') as Promise<[number, Buffer]>,
      stop: () => sockets.close(),
    }
  }

  test('is watched once, however many messages it has', async () => {
    const connection = await connect(await world.sign())
    await Promise.all([connection.send(), connection.send()])
    const listeners = connection.listeners()
    for (let message = 0; message < 20; message++) await connection.send()
    expect(connection.listeners()).toBe(listeners)
    connection.stop()
  })

  test('is closed when its token is revoked, with a code and the reason', async () => {
    const connection = await connect(await world.sign({ sid: 'one' }))
    await connection.send()
    await connection.revocations.revoke(world.issuer.issuer, { sid: 'one' })
    const [code, reason] = await connection.closed
    expect([code, reason.toString()]).toEqual([4401, 'token revoked'])
    connection.stop()
  })
})
