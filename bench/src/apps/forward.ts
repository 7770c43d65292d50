import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { createVerifier } from 'cloakwright'
import * as forExpress from 'cloakwright/express'
import * as forFastify from 'cloakwright/fastify'
import * as forHono from 'cloakwright/hono'
import { createSessions } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import type { App, Realm } from './realm.ts'
import { settings } from './settings.ts'

const items = JSON.stringify({
  items: Array.from({ length: 20 }, (_, id) => ({ id, name: `Darjeeling ${id}` })),
})
const chunk = Buffer.alloc(64 * 1024, 'a')

/** The other service: a list, the token it got, a body of as many bytes as its path says, the number of bytes it received. */
export async function forwardUpstream(): Promise<App> {
  return (request, response) => {
    if (request.method === 'POST') return count(request, response)
    if (request.url?.endsWith('/token') === true) return response.end(request.headers.authorization)
    const bytes = Number(/\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0)
    if (bytes === 0)
      return response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': items.length })
        .end(items)
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
    let left = bytes
    const send = (): void => {
      while (left > 0) {
        const part = chunk.subarray(0, Math.min(left, chunk.length))
        left -= part.length
        if (!response.write(part)) return void response.once('drain', send)
      }
      response.end()
    }
    send()
  }
}

function count(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0
  request.on('data', (part: Buffer) => (bytes += part.length))
  request.on('end', () => response.end(String(bytes)))
}

async function guardOptions({ issuer }: Realm) {
  const { clientId, clientSecret, publicUrl, secret } = settings()
  const verifier = createVerifier({ issuer, audience: clientId })
  await verifier.ready()
  const keys = [{ id: 'k1', key: Buffer.from(secret, 'base64url') }]
  const store = memorySessionStore()
  return { verifier, sessions: createSessions({ issuer, clientId, clientSecret, publicUrl, keys, store }) }
}

/** A bare proxy with the same HTTP client: everything passes as it is, and nothing is checked. */
function bareProxy(): (request: IncomingMessage, response: ServerResponse) => void {
  const { hostname, port } = new URL(upstream())
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
  return (request, response) => {
    const { method, rawHeaders } = request
    const path = (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/'
    const options = { hostname, port, path, method, headers: rawHeaders as readonly string[], agent }
    const sent = httpRequest(options, (received) => {
      response.writeHead(received.statusCode ?? 502, received.rawHeaders)
      received.pipe(response)
    })
    sent.on('error', () => response.destroy())
    request.pipe(sent)
  }
}

/** The same in the form of Hono: the response is a stream of the web. */
function bareWebProxy(): (request: IncomingMessage) => Promise<Response> {
  const { hostname, port } = new URL(upstream())
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
  return (request) =>
    new Promise((resolve, reject) => {
      const { method, rawHeaders, url: path } = request
      const options = { hostname, port, path, method, headers: rawHeaders as readonly string[], agent }
      const sent = httpRequest(options, (received) => {
        const headers = new Headers()
        const raw = received.rawHeaders
        for (let at = 0; at < raw.length; at += 2) headers.append(raw[at] as string, raw[at + 1] as string)
        const body = Readable.toWeb(received) as ReadableStream
        resolve(new Response(body, { status: received.statusCode ?? 502, headers }))
      })
      sent.on('error', reject)
      request.pipe(sent)
    })
}

const upstream = (): string => process.env['UPSTREAM'] ?? ''

export async function forwardExpress(realm: Realm): Promise<App> {
  const { cloakwright, forward, requireUser } = forExpress
  const app = express()
  app.use(cloakwright(await guardOptions(realm)))
  app.use('/bare', bareProxy())
  app.use('/bare-again', bareProxy())
  app.use('/api', requireUser(), forward(upstream()))
  return app
}

export async function forwardFastify(realm: Realm): Promise<App> {
  const { cloakwright, forward, requireUser } = forFastify
  const app = Fastify()
  await app.register(cloakwright, await guardOptions(realm))
  for (const path of ['/bare', '/bare-again']) {
    const proxy = bareProxy()
    app.all(`${path}/*`, {
      onRequest(request, reply) {
        reply.hijack()
        proxy(request.raw, reply.raw)
      },
      handler: () => {},
    })
  }
  app.all('/api/*', { onRequest: requireUser() }, forward(upstream()))
  await app.ready()
  return (request, response) => app.routing(request, response)
}

export async function forwardHono(realm: Realm): Promise<App> {
  const { cloakwright, forward, requireUser } = forHono
  const app = new Hono<{ Bindings: { incoming: IncomingMessage; outgoing: ServerResponse } }>()
  app.use(cloakwright(await guardOptions(realm)))
  for (const path of ['/bare', '/bare-again']) {
    const proxy = bareWebProxy()
    app.all(`${path}/*`, (c) => {
      return proxy(c.env.incoming)
    })
  }
  app.all('/api/*', requireUser(), forward(upstream()))
  const listener = getRequestListener(app.fetch)
  return (request, response) => void listener(request, response)
}
