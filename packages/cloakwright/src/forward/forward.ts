import type { IncomingMessage } from 'node:http'
import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import type { Guard, GuardedRequest } from '../guard/index.ts'
import { isPromise } from '../promise.ts'
import type { Session } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'
import { bodyOf } from './body.ts'
import { notForwarded } from './errors.ts'
import { exchange, type Head, type Outgoing } from './exchange.ts'
import { type ClientHeaders, forClient, forUpstream, type RawHeaders } from './headers.ts'
import { toOwnLocation } from './location.ts'
import { type ForwardOptions, toUpstream, type Upstream } from './options.ts'
import { toUpstreamPath } from './path.ts'

/** What a guard found out about a request. */
export interface Visit {
  readonly guard: Guard
  readonly user: AccessToken | undefined
  readonly session: Session | undefined
}

/** The upstream's response, for the client. */
export interface Forwarded {
  readonly status: number
  readonly headers: ClientHeaders
  readonly body: IncomingMessage
}

/** Sends requests to one upstream. */
export interface Forwarder {
  /**
   * Sends a request that a guard has admitted, with the access token of its session.
   *
   * @param visit `undefined` if no guard has run.
   * @throws {CW_TOKEN_MISSING} It has no session.
   * @throws {CW_FORWARD_REFUSED} And the other errors of {@link bodyOf} and {@link exchange}.
   */
  send(request: GuardedRequest, visit: Visit | undefined): Promise<Forwarded>
  /** The same for the handshake of a WebSocket. */
  upgrade(request: GuardedRequest, visit: Visit | undefined): Promise<Forwarded & Pick<Head, 'upgraded'>>
}

/** Checks the options, and creates what adapters forward requests with. */
export function createForwarder(to: string | URL, options: ForwardOptions = {}): Forwarder {
  const upstream = toUpstream(to, options)
  return {
    send: (request, visit) => forward(upstream, request, visit, toOutgoing),
    upgrade: (request, visit) => forward(upstream, request, visit, toHandshake),
  }
}

/** They return the request, with its token (TRACE), or a connection. */
const echoing: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

/** The steps in order. */
async function forward(
  upstream: Upstream,
  request: GuardedRequest,
  visit: Visit | undefined,
  prepare: (request: GuardedRequest, upstream: Upstream) => Outgoing,
): Promise<Forwarded & Pick<Head, 'upgraded'>> {
  const outgoing = prepare(request, upstream)
  const { headers, path } = outgoing
  addProxyHeaders(headers, request, upstream, visit)
  const given = tokenOf(upstream, request, visit)
  const token = isPromise(given) ? await given : given
  if (token !== undefined) headers.push('authorization', `Bearer ${token}`)
  let head = await exchange(upstream, outgoing)
  if (head.response.statusCode === 401) {
    const renewed = await renewedToken(upstream, request, visit)
    if (renewed !== undefined && renewed !== token) {
      head.response.resume()
      headers[headers.length - 1] = `Bearer ${renewed}`
      head = await exchange(upstream, outgoing)
    }
  }
  return toForwarded(head, upstream, path, visit?.session !== undefined)
}

function toOutgoing(request: GuardedRequest, upstream: Upstream): Outgoing {
  const { method } = request
  if (echoing.has(method))
    throw notForwarded(`the method ${method}`, 'Use another method: this one would show the token.', 405)
  const path = toUpstreamPath(request.target, upstream)
  const body = bodyOf(request)
  const headers = forUpstream(rawHeadersOf(request))
  if (body === undefined) {
    if (!withoutBody.has(method)) headers.push('content-length', '0')
  } else if (body.length === undefined) headers.push('transfer-encoding', 'chunked')
  else headers.push('content-length', String(body.length))
  return { method, path, headers, body, isHandshake: false, onGone: (callback) => onGone(request, callback) }
}

/** Methods for which a missing body has no length. */
const withoutBody: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

function toHandshake(request: GuardedRequest, upstream: Upstream): Outgoing {
  const path = toUpstreamPath(request.target, upstream)
  checkHandshake(request)
  const { connection } = request
  const headers = forUpstream(rawHeadersOf(request))
  headers.push('connection', 'Upgrade', 'upgrade', 'websocket')
  return {
    method: 'GET',
    path,
    headers,
    body: undefined,
    isHandshake: true,
    onGone: (callback) => void connection?.once('close', callback),
  }
}

function tokenOf(
  { token }: Upstream,
  request: GuardedRequest,
  visit: Visit | undefined,
): string | undefined | Promise<string | undefined> {
  if (token === undefined) {
    if (visit?.session !== undefined) return visit.session.accessToken
    throw new CloakwrightError(
      'CW_TOKEN_MISSING',
      'forward: the request has no session whose token could be sent',
      {
        hint: 'Put a guard before forward(), or set the option token for requests without a session.',
      },
    )
  }
  const { method, url, headers } = request
  return token({ method, url, headers, user: visit?.user, session: visit?.session })
}

/** Seconds: an upstream that refuses every token must not cause a request to the realm for each of its responses. */
const freshEnough = 10

/**
 * The upstream may know that a token is no longer valid: so a request that can be repeated gets a new one, once.
 */
async function renewedToken(
  { token }: Upstream,
  request: GuardedRequest,
  visit: Visit | undefined,
): Promise<string | undefined> {
  if (token !== undefined || visit?.user === undefined || visit.session === undefined) return undefined
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
  if (systemTime() / 1000 - visit.user.issuedAt < freshEnough) return undefined
  const found = await visit.guard.refreshSession(request)
  return found?.session.accessToken
}

function toForwarded(
  { response, upgraded }: Head,
  upstream: Upstream,
  path: string,
  isPersonal: boolean,
): Forwarded & Pick<Head, 'upgraded'> {
  const headers = forClient(response.rawHeaders, isPersonal)
  const { location } = headers
  if (location !== undefined)
    headers['location'] = toOwnLocation([location].flat()[0] as string, path, upstream)
  return { status: response.statusCode ?? 502, headers, body: response, upgraded }
}

function rawHeadersOf({ incoming, web }: GuardedRequest): RawHeaders {
  if (web !== undefined) return [...web.headers].flat()
  return incoming?.rawHeaders ?? []
}

/** Who the client is, as far as the framework trusts the proxies in front of it. */
function addProxyHeaders(
  headers: string[],
  request: GuardedRequest,
  { host, prefix }: Upstream,
  visit: Visit | undefined,
): void {
  headers.push('host', host)
  const client = request.address?.() ?? request.incoming?.socket.remoteAddress
  if (client !== undefined) headers.push('x-forwarded-for', client)
  const [scheme = '', , own = ''] = originOf(request, visit).split('/', 3)
  if (hostForm.test(own)) headers.push('x-forwarded-host', own, 'x-forwarded-proto', scheme.slice(0, -1))
  if (prefix !== '') headers.push('x-forwarded-prefix', prefix)
}

const hostForm = /^[\w.:[\]-]+$/

/**
 * A handshake has only Node's request, which does not know its scheme. With a session, its guard has compared the page's
 * origin with this service's; without one, anyone can send any `Origin`.
 */
function originOf(request: GuardedRequest, visit: Visit | undefined): string {
  const isChecked = request.connection !== undefined && visit?.session !== undefined
  return isChecked ? (request.fields('origin')[0] ?? '') : request.url
}

function onGone({ outgoing, web }: GuardedRequest, callback: () => void): void {
  if (outgoing?.destroyed === true || web?.signal.aborted === true) callback()
  else if (outgoing !== undefined) outgoing.once('close', callback)
  else web?.signal.addEventListener('abort', callback, { once: true })
}

/** Of all upgrades, only a WebSocket's is forwarded: another protocol (h2c) would not be checked by anything. */
function checkHandshake(request: GuardedRequest): void {
  const upgrades = request.fields('upgrade')
  const hasBody = ['content-length', 'transfer-encoding'].some((name) => request.fields(name).length > 0)
  if (
    request.method === 'GET' &&
    upgrades.length === 1 &&
    upgrades[0]?.toLowerCase() === 'websocket' &&
    !hasBody
  )
    return
  throw notForwarded(
    'an upgrade that is not the handshake of a WebSocket',
    'Send the handshake of RFC 6455 §4.1.',
  )
}
