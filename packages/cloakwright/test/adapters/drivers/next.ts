import { cloakwright, forward } from 'cloakwright/next'
import { serveFetch } from './fetch-server.ts'
import type { Driver, Logged } from './types.ts'
import { toHandlers } from './web.ts'

const logs: Logged[] = []

/** Route handlers as Next.js calls them; `npm run test:compatibility` builds and starts real applications. */
export const nextDriver: Driver = {
  name: 'Next.js route handlers',
  answersErrors: true,
  registers: false,
  knowsConnection: false,
  bodyReaders: ['nothing'],
  hasCors: false,
  writesFailures: true,
  logs,
  start({ guard, routes, mounted = [], forwarded, usualLog = false }) {
    if (guard === undefined) throw new Error('the adapter has no guards without options')
    const auth = cloakwright({
      ...guard,
      ...(usualLog ? {} : { onRefused: (entry) => void logs.push(entry) }),
    })
    const handlers = toHandlers(auth.protect, routes, mounted)
    const api = forwarded && auth.protect(forward(forwarded.upstream, forwarded.options))
    // Next.js prefers a route of its own folder to the one for all paths, and calls GET for HEAD.
    return serveFetch(async (request) => {
      const { pathname } = new URL(request.url)
      const handler = handlers.get(pathname)
      if (handler !== undefined) return await handler(request)
      if (pathname.startsWith('/.well-known/')) return auth.protect.metadata(request)
      if (api !== undefined && pathname.startsWith('/api')) return await api(request)
      if (!pathname.startsWith('/auth/')) return new Response(null, { status: 404 })
      const { GET, POST, DELETE } = auth.handlers
      const byMethod = new Map([
        ['POST', POST],
        ['DELETE', DELETE],
      ])
      return await (byMethod.get(request.method) ?? GET)(request)
    })
  },
}
