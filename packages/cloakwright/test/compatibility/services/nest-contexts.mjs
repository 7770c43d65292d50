// `node nest-contexts.mjs`: prints the responses of the guard in GraphQL and in gateways, with the Nest that is
// installed here. Decorators are applied as functions.
import 'reflect-metadata'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Module } from '@nestjs/common'
import { APP_GUARD, NestFactory } from '@nestjs/core'
import {
  Args,
  Field,
  GraphQLModule,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import { check, createVerifier } from 'cloakwright'
import {
  AllowAnonymous,
  bindUpgrade,
  CloakwrightGuard,
  CloakwrightModule,
  RequirePolicy,
  RequireRole,
  RequireUser,
  User,
} from 'cloakwright/nest'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'

const startIssuer = createRequire(import.meta.url)('./issuer.cjs')
const realm = await startIssuer()
const bearer = (...roles) => ({ authorization: `Bearer ${realm.tokenOf(...roles)}` })
const forAll = { provide: APP_GUARD, useExisting: CloakwrightGuard }
const verifier = createVerifier({ issuer: realm.issuer, audience: 'shop-api' })
const logged = []
const logger = {
  log: (entry) => typeof entry === 'object' && logged.push(entry.code),
  warn: (entry) => logged.push(entry.code ?? entry),
  error: (entry) => logged.push(entry.code ?? entry.message ?? entry),
}

/** Applies decorators to a method like TypeScript: the first is the outermost. */
function decorate(owner, name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(owner.prototype, name)
  for (const decorator of decorators.reverse()) decorator(owner.prototype, name, descriptor)
}

class Berth {}
Field(() => String)(Berth.prototype, 'name')
Field(() => String)(Berth.prototype, 'fee')
ObjectType()(Berth)

function makeResolver() {
  class Quays {
    me(user) {
      return user.username
    }
    berths() {
      return 'three'
    }
    secret() {
      return 'secret'
    }
    tide(user) {
      return user?.username ?? 'low'
    }
    ship(id) {
      return id
    }
    move() {
      return 'moved'
    }
    berth() {
      return { name: 'one' }
    }
    fee() {
      return 'free'
    }
    tides() {
      return (async function* () {
        yield { tides: 'rising' }
      })()
    }
    closed() {
      return (async function* () {
        yield { closed: 'never seen' }
      })()
    }
  }
  const own = check('a ship of the user', (_token, context) => context.getArgByIndex(1).id === 'mine')
  decorate(
    Quays,
    'me',
    Query(() => String),
    RequireUser(),
  )
  User()(Quays.prototype, 'me', 0)
  decorate(
    Quays,
    'berths',
    Query(() => String),
    RequireRole('admin'),
  )
  decorate(
    Quays,
    'secret',
    Query(() => String),
    RequireRole('admin'),
    RequireRole('nobody'),
  )
  decorate(
    Quays,
    'tide',
    Query(() => String),
    AllowAnonymous(),
  )
  User()(Quays.prototype, 'tide', 0)
  decorate(
    Quays,
    'ship',
    Query(() => String),
    RequirePolicy(own),
  )
  // As in the output of the compiler.
  Reflect.defineMetadata('design:paramtypes', [String], Quays.prototype, 'ship')
  Args('id', { type: () => String })(Quays.prototype, 'ship', 0)
  decorate(
    Quays,
    'move',
    Mutation(() => String),
    RequireRole('admin'),
  )
  decorate(
    Quays,
    'berth',
    Query(() => Berth),
  )
  decorate(
    Quays,
    'fee',
    ResolveField(() => String),
    RequireRole('admin'),
  )
  decorate(
    Quays,
    'tides',
    Subscription(() => String),
    RequireRole('admin'),
  )
  decorate(
    Quays,
    'closed',
    Subscription(() => String),
    RequireRole('nobody'),
  )
  Resolver(() => Berth)(Quays)
  return Quays
}

async function start(imports, providers, prepare = () => {}, adapter) {
  class App {}
  Module({ imports: [CloakwrightModule.forRoot({ verifier }), ...imports], providers })(App)
  const settings = { logger, abortOnError: false }
  const app = adapter
    ? await NestFactory.create(App, adapter, settings)
    : await NestFactory.create(App, settings)
  prepare(app)
  await app.listen(0, '127.0.0.1')
  return { app, port: app.getHttpServer().address().port }
}

async function testGraphql(options, adapter) {
  const common = { autoSchemaFile: true, fieldResolverEnhancers: ['guards'], path: '/graphql' }
  const { app, port } = await start(
    [GraphQLModule.forRoot({ ...common, ...options })],
    [makeResolver(), forAll],
    undefined,
    adapter,
  )
  const ask = async (query, headers) => {
    logged.length = 0
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    const { data, errors } = await response.json()
    if (!errors) return data
    const [{ message, extensions }] = errors
    const challenge = response.headers.get('www-authenticate')?.split(',')[0] ?? null
    return { errors: errors.length, message, code: extensions?.code, challenge, logged: [...logged] }
  }
  const answers = {
    me: await ask('{ me }', bearer('user')),
    'me, no token': await ask('{ me }', {}),
    'me, a bad token': await ask('{ me }', { authorization: 'Bearer a.b.c' }),
    berths: await ask('{ berths }', bearer('admin')),
    'berths, another role': await ask('{ berths }', bearer('user')),
    'two rules, one fails': await ask('{ secret }', bearer('admin')),
    'anyone, no token': await ask('{ tide }', {}),
    'anyone, a token': await ask('{ tide }', bearer()),
    'several fields at once': await ask('{ me berths tide }', bearer('admin')),
    'the arguments of each field': await ask('{ a: ship(id: "mine") b: ship(id: "yours") }', bearer()),
    mutation: await ask('mutation { move }', bearer('admin')),
    'mutation, another role': await ask('mutation { move }', bearer('user')),
    'a field': await ask('{ berth { name fee } }', bearer('admin')),
    'a field, another role': await ask('{ berth { name fee } }', bearer('user')),
    subscription: await subscribe(port, 'subscription { tides }', bearer('admin')),
    'subscription, no token': await subscribe(port, 'subscription { tides }', {}),
    'subscription, another role': await subscribe(port, 'subscription { closed }', bearer('admin')),
  }
  await app.close()
  return answers
}

/** The first event of a subscription, or the message of the error. */
async function subscribe(port, query, headers) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { headers })
  await once(socket, 'open')
  const messages = []
  const done = new Promise((resolve) => {
    socket.on('message', (data) => {
      const message = JSON.parse(data)
      messages.push(message)
      if (message.type === 'connection_ack')
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }))
      if (['next', 'error', 'complete'].includes(message.type)) resolve(message)
    })
    socket.on('close', () => resolve({ type: 'close' }))
  })
  socket.send(JSON.stringify({ type: 'connection_init', payload: {} }))
  const { type, payload } = await done
  socket.terminate()
  const errors = Array.isArray(payload) ? payload : payload?.errors
  return errors ? errors[0].message : (payload?.data ?? type)
}

function makeGateway(path, options) {
  class Harbour {
    handleConnection(client, request) {
      if (request !== undefined) bindUpgrade(client, request)
    }
    me(_client, _data, user) {
      return { event: 'me', data: user.username }
    }
    move() {
      return { event: 'move', data: 'moved' }
    }
    secret() {
      return { event: 'secret', data: 'never seen' }
    }
    tide() {
      return { event: 'tide', data: 'low' }
    }
  }
  decorate(Harbour, 'me', SubscribeMessage('me'))
  User()(Harbour.prototype, 'me', 2)
  decorate(Harbour, 'move', SubscribeMessage('move'), RequireRole('admin'))
  decorate(Harbour, 'secret', SubscribeMessage('secret'), RequireRole('admin'), RequireRole('nobody'))
  decorate(Harbour, 'tide', SubscribeMessage('tide'), AllowAnonymous())
  RequireUser()(Harbour)
  WebSocketGateway(options)(Harbour)
  return Harbour
}

const events = ['me', 'move', 'secret', 'tide']

async function testGateway(adapterOf, options, connect) {
  const { app, port } = await start([], [makeGateway('/', options)], (one) =>
    one.useWebSocketAdapter(adapterOf(one)),
  )
  const answers = {}
  for (const [who, headers] of Object.entries({ admin: bearer('admin'), user: bearer('user'), nobody: {} })) {
    const client = await connect(port, headers)
    for (const event of events) answers[`${event}, ${who}`] = await client.ask(event)
    client.close()
  }
  await app.close()
  return answers
}

async function connectWs(port, headers) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers })
  await once(socket, 'open')
  return {
    async ask(event) {
      socket.send(JSON.stringify({ event, data: {} }))
      const [answer] = await once(socket, 'message')
      const { data } = JSON.parse(answer)
      return typeof data === 'string' ? data : data.message
    },
    close: () => socket.terminate(),
  }
}

async function connectSocketIo(port, extraHeaders) {
  const socket = io(`http://127.0.0.1:${port}`, { extraHeaders, transports: ['websocket'], forceNew: true })
  await new Promise((resolve) => socket.once('connect', resolve))
  return {
    ask: (event) =>
      new Promise((resolve) => {
        socket.once(event, resolve)
        socket.once('exception', ({ message }) => resolve(message))
        socket.emit(event, {})
      }),
    close: () => socket.disconnect(),
  }
}

const { MercuriusDriver } = await import('@nestjs/mercurius')
const { FastifyAdapter } = await import('@nestjs/platform-fastify')
const { WsAdapter } = await import('@nestjs/platform-ws')
const { IoAdapter } = await import('@nestjs/platform-socket.io')
const answers = {
  mercurius: await testGraphql({ driver: MercuriusDriver, subscription: true }, new FastifyAdapter()),
  ws: await testGateway((app) => new WsAdapter(app), { path: '/' }, connectWs),
  'socket.io': await testGateway((app) => new IoAdapter(app), {}, connectSocketIo),
}
const apollo = await import('@nestjs/apollo').catch(() => undefined)
if (apollo !== undefined)
  answers.apollo = await testGraphql({ driver: apollo.ApolloDriver, subscriptions: { 'graphql-ws': true } })
realm.close()
process.stdout.write(JSON.stringify(answers))
process.exit(0)
