// One application per framework, with a route for users and one for administrators. Each resolves to
// `{ get(path, headers): status, close() }`.
const { createServer, request } = require('node:http')
const { once } = require('node:events')

exports.fastify = async (verifier, { fastify: { cloakwright, requireRole, requireUser } }) => {
  const app = require('fastify').default()
  await app.register(cloakwright, { verifier })
  app.get('/me', { onRequest: requireUser() }, () => ({}))
  app.get('/admin', { onRequest: requireRole('admin') }, () => ({}))
  return {
    get: async (path, headers) => (await app.inject({ url: path, headers })).statusCode,
    close: () => app.close(),
  }
}

for (const name of ['express', 'express4'])
  exports[name] = (verifier, { express: { cloakwright, requireRole, requireUser } }) => {
    const app = require(name)()
    app.use(cloakwright({ verifier }))
    app.get('/me', requireUser(), (_request, response) => void response.json({}))
    app.get('/admin', requireRole('admin'), (_request, response) => void response.json({}))
    return serve(createServer(app))
  }

for (const name of ['express', 'express4'])
  exports[`keycloak-connect on ${name}`] = (_verifier, { Keycloak }, issuer) => {
    const server = issuer.replace('/realms/shop', '/')
    const keycloak = new Keycloak({}, { realm: 'shop', 'auth-server-url': server, resource: 'shop-api' })
    const app = require(name)()
    app.use(keycloak.middleware())
    app.get('/me', keycloak.protect(), (_request, response) => void response.json({}))
    app.get('/admin', keycloak.protect('realm:admin'), (_request, response) => void response.json({}))
    return serve(createServer(app))
  }

exports.hono = (verifier, { hono: { cloakwright, requireRole, requireUser } }) => {
  const { Hono } = require('hono')
  const app = new Hono()
  app.use(cloakwright({ verifier }))
  app.get('/me', requireUser(), (c) => c.json({}))
  app.get('/admin', requireRole('admin'), (c) => c.json({}))
  return {
    get: async (path, headers) => (await app.request(path, { headers })).status,
    close: async () => {},
  }
}

exports.web = (verifier, { web, core: { role, user } }) => {
  const protect = web.cloakwright({ verifier })
  const policies = { '/me': user(), '/admin': role('admin') }
  const get = async (path, headers) => {
    const handler = protect(() => Response.json({}), policies[path])
    return (await handler(new Request(`http://127.0.0.1${path}`, { headers }))).status
  }
  return { get, close: async () => {} }
}

exports.websocket = (verifier, { websocket: { createUpgradeGuard }, core: { role, user } }) => {
  const guard = createUpgradeGuard({ verifier })
  const policies = { '/me': user(), '/admin': role('admin') }
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const server = createServer().on('upgrade', (incoming, socket) => {
    void guard(incoming, socket, policies[incoming.url]).then((admitted) => {
      if (admitted !== undefined) socket.end(switching)
    })
  })
  const upgrade = { connection: 'upgrade', upgrade: 'websocket' }
  // 101 is how a handshake says yes.
  return serve(server, upgrade, (status) => (status === 101 ? 200 : status))
}

exports.nest = async (verifier, { nest: { CloakwrightModule, RequireRole, RequireUser } }) => {
  const { Controller, Get, Module } = require('@nestjs/common')
  const { NestFactory } = require('@nestjs/core')
  class Routes {
    me() {
      return {}
    }
    admin() {
      return {}
    }
  }
  const decorate = (name, ...decorators) => {
    const property = Object.getOwnPropertyDescriptor(Routes.prototype, name)
    for (const decorator of decorators) decorator(Routes.prototype, name, property)
  }
  decorate('me', RequireUser(), Get('me'))
  decorate('admin', RequireRole('admin'), Get('admin'))
  Controller()(Routes)
  class Root {}
  Module({ imports: [CloakwrightModule.forRoot({ verifier })], controllers: [Routes] })(Root)
  const app = await NestFactory.create(Root, { logger: false })
  await app.init()
  const { get, close } = await serve(createServer(app.getHttpAdapter().getInstance()))
  return { get, close: () => app.close().then(close) }
}

async function serve(server, more = {}, read = (status) => status) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  return {
    get: (path, headers) =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, headers: { ...more, ...headers } })
        const done = (response) => {
          response.resume()
          resolve(read(response.statusCode))
        }
        sent.once('response', done).once('upgrade', done).once('error', reject).end()
      }),
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
