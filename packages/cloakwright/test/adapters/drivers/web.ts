import type { AccessToken } from 'cloakwright'
import { cloakwright, forward, type Protect, sessionOf } from 'cloakwright/web'
import { createGuards, type Rule } from '../../../src/guard/index.ts'
import { serveFetch } from './fetch-server.ts'
import { canary, countVisit, type Driver, guardsOf, type Logged, type Route } from './types.ts'

const logs: Logged[] = []

/** Handlers of the form `Request → Response`, as in Next.js, Bun and Deno. */
export const webDriver: Driver = {
  name: 'web',
  answersErrors: true,
  registers: false,
  knowsConnection: false,
  bodyReaders: ['nothing'],
  hasCors: false,
  writesFailures: true,
  logs,
  start({ guard, routes, mounted = [], forwarded, usualLog = false }) {
    if (guard === undefined) throw new Error('the web adapter has no guards without options')
    const protect = cloakwright({
      ...guard,
      ...(usualLog ? {} : { onRefused: (entry) => void logs.push(entry) }),
    })
    const handlers = toHandlers(protect, routes, mounted)
    const api = forwarded && protect(forward(forwarded.upstream, forwarded.options))
    return serveFetch(async (request) => {
      const { pathname } = new URL(request.url)
      try {
        const routed = await protect.routes(request)
        if (routed !== undefined) return routed
        if (api !== undefined && pathname.startsWith('/api')) return await api(request)
        return (await handlers.get(pathname)?.(request)) ?? new Response(null, { status: 404 })
      } catch (error) {
        return protect.problem(error, request)
      }
    })
  },
}

/** The handlers of the routes, by path. */
export function toHandlers(
  protect: Protect,
  routes: readonly Route[],
  mounted: readonly Route[],
): Map<string, (request: Request) => Promise<Response>> {
  const handlers = new Map<string, (request: Request) => Promise<Response>>()
  for (const route of routes) handlers.set(route.path, toHandler(protect, route))
  for (const route of mounted) handlers.set(`/mounted${route.path}`, toHandler(protect, route))
  return handlers
}

/** This adapter takes policies directly. */
const guards = createGuards<Rule>((rule) => rule)

type WebHandler = (request: Request, by?: AccessToken) => Promise<Response>

function toHandler(protect: Protect, route: Route): (request: Request) => Promise<Response> {
  const answer: WebHandler = (request, by) => answerOf(protect, route, request, by)
  const guarded = [...guardsOf(route, guards)]
    .reverse()
    .reduce<WebHandler>((inner, { policy, anonymous, freshAfter }) => {
      // The innermost guard passes the user.
      const next: WebHandler = inner === answer ? answer : (request) => inner(request)
      return anonymous ? protect.anonymous(next) : protect(next, policy, { freshAfter })
    }, answer)
  return (request) => guarded(request)
}

async function answerOf(
  protect: Protect,
  { handler, call }: Route,
  request: Request,
  by?: AccessToken,
): Promise<Response> {
  switch (handler) {
    case 'ok':
      return Response.json({ ok: true })
    case 'user':
    case 'maybe-user':
      return Response.json({ user: by?.username ?? null })
    case 'form':
      return Response.json({ title: (await request.formData()).get('title') })
    case 'session':
      return Response.json({ since: sessionOf(request)?.createdAt ?? null })
    case 'data':
      return Response.json(await countVisit(sessionOf(request)))
    case 'refresh':
      return Response.json({ roles: (await protect.refreshSession(request))?.realmRoles ?? by?.realmRoles })
    case 'call':
      return Response.json(by && (await call?.(by)))
    case 'events': {
      const body = new ReadableStream({
        start: (to) => to.enqueue(new TextEncoder().encode('data: hello\n\n')),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    }
    case 'throws':
      throw new Error(canary)
  }
}
