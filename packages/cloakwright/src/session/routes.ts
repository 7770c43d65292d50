import type { BackChannelLogout } from './back-channel-logout.ts'
import type { SessionContext } from './context.ts'
import { answerCallback, answerForm, answerLogin, answerSentForm } from './login/index.ts'
import { answerLogout } from './logout.ts'
import { logoutPage } from './pages.ts'
import { methodNotAllowed, optionsOf } from './redirect.ts'
import { orErrorPage, type RoutedRequest, routed } from './request.ts'
import { answerSession } from './session-route.ts'
import { answerEnd, answerEndOthers, answerList } from './sessions-route.ts'
import type { RequestDetails } from './types.ts'

/** What a route does, by method. */
interface Route {
  readonly GET?: (request: RoutedRequest) => Promise<Response> | Response
  readonly POST?: (request: RoutedRequest, body: Request) => Promise<Response>
  readonly DELETE?: (request: RoutedRequest) => Promise<Response>
  /** The response to a HEAD, if the GET must not run for it. */
  readonly HEAD?: () => Response
}

/** The engine's routes: a response, or `undefined` for any other path. */
export function createRoutes(
  context: SessionContext,
  backChannelLogout: BackChannelLogout,
): (request: Request, details?: RequestDetails) => Promise<Response | undefined> {
  const { basePath } = context.config
  const routes: Readonly<Record<string, Route>> = {
    [`${basePath}/login`]: { GET: (request) => answerLogin(context, request) },
    // A HEAD must not use up the code.
    [`${basePath}/callback`]: {
      GET: (request) => answerCallback(context, request),
      HEAD: () => new Response(null, { headers: { 'cache-control': 'no-store' } }),
    },
    [`${basePath}/form`]: {
      GET: (request) => orErrorPage(context, request, '/', () => answerForm(context, request)),
      POST: (request) => orErrorPage(context, request, '/', () => answerSentForm(context, request)),
    },
    [`${basePath}/session`]: { GET: (request) => answerSession(context, request) },
    [`${basePath}/sessions`]: {
      GET: (request) => answerList(context, request),
      DELETE: (request) => answerEndOthers(context, request),
    },
    [`${basePath}/logout`]: {
      GET: (request) => logoutPage(context, request),
      POST: (request) =>
        orErrorPage(context, request, `${basePath}/logout`, () => answerLogout(context, request)),
    },
    [`${basePath}/backchannel-logout`]: { POST: (_, request) => backChannelLogout(request) },
  }

  const sessions = `${basePath}/sessions/`
  const routeOf = (path: string): Route | undefined => {
    if (Object.hasOwn(routes, path)) return routes[path]
    const id = path.startsWith(sessions) ? path.slice(sessions.length) : ''
    return /^[\w-]+$/.test(id) ? { DELETE: (request) => answerEnd(context, request, id) } : undefined
  }

  return async (request, details) => {
    const route = routeOf(new URL(request.url).pathname)
    return route && (await answerMethod(route, request, routed(request, details)))
  }
}

async function answerMethod(route: Route, request: Request, identified: RoutedRequest): Promise<Response> {
  const { GET, POST, HEAD, DELETE } = route
  const allow = [
    ...(GET ? ['GET', 'HEAD'] : []),
    ...(POST ? ['POST'] : []),
    ...(DELETE ? ['DELETE'] : []),
    'OPTIONS',
  ].join(', ')
  switch (request.method) {
    case 'GET':
      return (await GET?.(identified)) ?? methodNotAllowed(allow)
    case 'HEAD':
      return HEAD?.() ?? withoutBody(await GET?.(identified)) ?? methodNotAllowed(allow)
    case 'POST':
      return (await POST?.(identified, request)) ?? methodNotAllowed(allow)
    case 'DELETE':
      return (await DELETE?.(identified)) ?? methodNotAllowed(allow)
    case 'OPTIONS':
      return optionsOf(allow)
    default:
      return methodNotAllowed(allow)
  }
}

function withoutBody(response: Response | undefined): Response | undefined {
  return response && new Response(null, { status: response.status, headers: response.headers })
}
