import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import * as adapter from 'cloakwright/express'
import express, {
  type Express,
  type IRouter,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express'
import { canary, countVisit, type Driver, guardsOf, type Logged, type Route } from './types.ts'

type ExpressModule = typeof express

/** Its types are those of Express 5: the functions that are used have the same ones. */
const require = createRequire(import.meta.url)
const express4 = require('express4') as ExpressModule

export const expressDriver: Driver = toDriver('Express 5', express)
export const express4Driver: Driver = toDriver('Express 4', express4)

function toDriver(name: string, framework: ExpressModule): Driver {
  const logs: Logged[] = []
  const readers = readersOf(framework)
  return {
    name,
    answersErrors: true,
    registers: true,
    knowsConnection: true,
    bodyReaders: Object.keys(readers),
    hasCors: true,
    writesFailures: true,
    logs,
    async start({ guard, routes, mounted = [], forwarded, bodyReader, cors = false, usualLog = false }) {
      const app: Express = framework()
      if (cors) app.use(allowOrigins)
      const reader = bodyReader ?? (forwarded === undefined ? 'json and urlencoded' : 'nothing')
      app.use(...(readers[reader] ?? []))
      if (guard !== undefined)
        app.use(
          adapter.cloakwright({
            ...guard,
            ...(usualLog ? {} : { onRefused: (entry) => void logs.push(entry) }),
          }),
        )
      if (forwarded !== undefined)
        app.use('/api', adapter.requireUser(), adapter.forward(forwarded.upstream, forwarded.options))
      for (const route of routes) add(app, route)
      const router = framework.Router()
      for (const route of mounted) add(router, route)
      app.use('/mounted', router)
      app.use(adapter.sendProblem)
      const server = app.listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      return {
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((resolve) => server.close(() => resolve())),
      }
    },
  }
}

function readersOf(framework: ExpressModule): Readonly<Record<string, readonly RequestHandler[]>> {
  return {
    'json and urlencoded': [framework.json(), framework.urlencoded({ extended: false })],
    'urlencoded with nested objects': [framework.urlencoded({ extended: true })],
    'raw bytes': [framework.raw({ type: () => true })],
    text: [framework.text({ type: () => true })],
    'a parser of other types': [framework.raw({ type: 'image/png' }), framework.json()],
    'a parser of multipart forms': [readFields],
    nothing: [(_request, _response, next) => next()],
  }
}

/** Like multer and busboy: fields without a prototype, from the request's own stream. */
function readFields(...[request, _response, next]: Parameters<RequestHandler>): void {
  let text = ''
  request.setEncoding('utf8')
  request.on('data', (part: string) => (text += part))
  request.on('end', () => {
    const fields = new URLSearchParams(text)
    request.body = Object.assign(Object.create(null) as object, Object.fromEntries(fields))
    for (const name of fields.keys())
      if (fields.getAll(name).length > 1)
        Object.assign(request.body as object, { [name]: fields.getAll(name) })
    next()
  })
}

/** What the package `cors` does by default. */
function allowOrigins(...[request, response, next]: Parameters<RequestHandler>): void {
  response.setHeader('access-control-allow-origin', '*')
  if (request.method !== 'OPTIONS') return next()
  response.setHeader('access-control-allow-methods', 'GET,HEAD,PUT,PATCH,POST,DELETE')
  response.writeHead(204).end()
}

/** Express 4 does not await handlers. */
async function refresh(request: Request, response: Response, next: NextFunction): Promise<void> {
  try {
    await adapter.refreshSession(request)
    response.json({ roles: adapter.userOf(request).realmRoles })
  } catch (error) {
    next(error)
  }
}

async function call(route: Route, request: Request, response: Response, next: NextFunction): Promise<void> {
  try {
    response.json(await route.call?.(adapter.userOf(request)))
  } catch (error) {
    next(error)
  }
}

function add(router: IRouter, route: Route): void {
  const { path, handler } = route
  router.all(path, ...guardsOf(route, adapter), (request: Request, response: Response, next) => {
    switch (handler) {
      case 'ok':
        return void response.json({ ok: true })
      case 'user':
        return void response.json({ user: adapter.userOf(request).username })
      case 'maybe-user':
        return void response.json({ user: adapter.maybeUserOf(request)?.username ?? null })
      case 'form':
        return void response.json({ title: (request.body as { title: string }).title })
      case 'session':
        return void response.json({ since: adapter.sessionOf(request)?.createdAt ?? null })
      case 'data':
        return void countVisit(adapter.sessionOf(request)).then((data) => response.json(data), next)
      case 'refresh':
        return void refresh(request, response, next)
      case 'call':
        return void call(route, request, response, next)
      case 'events':
        return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
      case 'throws':
        throw new Error(canary)
    }
  })
}
