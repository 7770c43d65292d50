import { randomUUID } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'
import { toProblem } from '../problem.ts'
import type { SessionContext } from './context.ts'
import { errorPage } from './pages.ts'
import type { RequestDetails, SessionRequest } from './types.ts'

/** A request to the engine, with the id that log and error page show. */
export interface RoutedRequest extends SessionRequest {
  id(): string
  address(): string | undefined
}

/** Gives a request its id. */
export function routed(request: SessionRequest, details: RequestDetails = {}): RoutedRequest {
  const { method, url, headers } = request
  const id = details.requestId ?? request.id?.() ?? randomUUID()
  const address = (): string | undefined => details.address ?? request.address?.()
  return { method, url, headers, id: () => id, address }
}

/** Browsers get an error page with a link back, and the log gets the error. */
export async function orErrorPage(
  context: SessionContext,
  request: RoutedRequest,
  back: string,
  answer: () => Promise<Response>,
): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    const requestId = request.id()
    context.report(error, requestId)
    if (wantsJson(request)) return problemResponse(error, requestId)
    return errorPage(context, request, error, { requestId, back: context.config.publicOrigin + back })
  }
}

/** A script that says so gets JSON; forms and navigations get pages. */
function wantsJson({ headers }: SessionRequest): boolean {
  const accept = headers.get('accept') ?? ''
  return accept.includes('json') && !accept.includes('text/html')
}

function problemResponse(error: CloakwrightError, requestId: string): Response {
  const headers = new Headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  if (error.retryAfter !== undefined) headers.set('retry-after', String(error.retryAfter))
  return new Response(JSON.stringify(toProblem(error, requestId)), { status: error.status, headers })
}
