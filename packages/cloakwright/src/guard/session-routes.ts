import { CloakwrightError } from '../errors.ts'
import { continueWith } from '../promise.ts'
import type { SessionEngine } from '../session/index.ts'
import type { Redirected, Refused } from './admission.ts'
import { type RefusalContext, refuse } from './refusal.ts'
import { type GuardedRequest, unreadBody } from './request/index.ts'

/** The routes of the session engine, for an adapter that mounts them. */
export interface SessionRoutes {
  /** The beginning of their paths, `/auth/` by default: only requests below it are passed to {@link answer}. */
  readonly prefix: string
  /** The engine's response to one of its routes; `undefined` for any other path. Never rejects. */
  answer(request: GuardedRequest): Promise<Redirected | Refused | undefined>
}

/** Serves the routes of a session engine, whatever has read the request's body before. */
export function createSessionRoutes(sessions: SessionEngine, context: RefusalContext): SessionRoutes {
  return {
    prefix: `${sessions.basePath}/`,
    async answer(request) {
      if (methodsOfNoRoute.has(request.method)) return undefined
      try {
        const details = { requestId: request.id(), address: request.address?.() }
        const response = await sessions.handle(await toWebRequest(request), details)
        return response && { kind: 'redirected', response, orphaned: false }
      } catch (error) {
        return refuse(context, error, request)
      }
    },
  }
}

/** A web request cannot have these methods (Fetch Standard §2.2.1). */
const methodsOfNoRoute: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

function toWebRequest(request: GuardedRequest): Request | Promise<Request> {
  const { method, url, web } = request
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers: headersOf(request) })
  if (web !== undefined && !web.bodyUsed) return web
  const unread = unreadBody(request, maxBytes)
  if (unread !== undefined) return withBody(unread, request)
  return continueWith(request.form(), toBody, request)
}

function toBody(form: unknown, request: GuardedRequest): Request {
  const text = toText(form)
  if (text === undefined && isForm(request)) throw lost()
  return withBody(text ?? null, request)
}

function withBody(body: NonNullable<RequestInit['body']> | null, request: GuardedRequest): Request {
  const { method, url } = request
  return new Request(url, { method, headers: headersOf(request), body, duplex: 'half' } as RequestInit)
}

function headersOf({ web, incoming }: GuardedRequest): Headers {
  if (web !== undefined) return web.headers
  const headers = new Headers()
  const raw = incoming?.rawHeaders ?? []
  // HTTP/2 has the request line as headers that start with a colon.
  for (let at = 0; at < raw.length; at += 2)
    if (!raw[at]?.startsWith(':')) headers.append(raw[at] as string, raw[at + 1] as string)
  return headers
}

function isForm(request: GuardedRequest): boolean {
  const type = request.fields('content-type')[0]?.split(';')[0]
  return type?.trim().toLowerCase() === 'application/x-www-form-urlencoded'
}

/** Maximum number of bytes that the routes read; a logout token has about two thousand. */
const maxBytes = 64 * 1024

/** The form as a string again, from what a body parser made of it: bytes, a string, or an object. */
function toText(form: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (typeof form === 'string') return form
  if (form instanceof Uint8Array) return new Uint8Array(form)
  if (typeof form !== 'object' || form === null) return undefined
  const fields = new URLSearchParams()
  for (const [name, value] of Object.entries(form))
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
      if (typeof one === 'string') fields.append(name, one)
  return fields.toString()
}

function lost(): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    'Session routes: something has read the form of the request, and left nothing in request.body',
    { hint: 'Register cloakwright() before whatever reads the body.' },
  )
}
