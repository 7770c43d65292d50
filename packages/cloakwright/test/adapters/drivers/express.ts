import type { AddressInfo } from 'node:net'
import * as adapter from 'cloakwright/express'
import express, { type IRouter, type Request, type Response } from 'express'
import { canary, type Driver, guardsOf, type Logged, type Route } from './types.ts'

const logs: Logged[] = []

export const expressDriver: Driver = {
  name: 'Express',
  answersErrors: true,
  registers: true,
  knowsConnection: true,
  logs,
  async start({ guard, routes, mounted = [] }) {
    const app = express()
    app.use(express.json(), express.urlencoded())
    if (guard !== undefined)
      app.use(adapter.cloakwright({ ...guard, onRefused: (entry) => void logs.push(entry) }))
    for (const route of routes) add(app, route)
    const router = express.Router()
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

function add(router: IRouter, route: Route): void {
  const { path, handler } = route
  router.all(path, ...guardsOf(route, adapter), (request: Request, response: Response) => {
    switch (handler) {
      case 'ok':
        return void response.json({ ok: true })
      case 'user':
        return void response.json({ user: adapter.userOf(request).username })
      case 'maybe-user':
        return void response.json({ user: adapter.maybeUserOf(request)?.username ?? null })
      case 'form':
        return void response.json({ title: (request.body as { title: string }).title })
      case 'throws':
        throw new Error(canary)
    }
  })
}
