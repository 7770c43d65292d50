import type { IncomingMessage } from 'node:http'
import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import type { Guard, GuardedRequest } from '../guard/index.ts'
import { parseUrl } from '../http/index.ts'
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
    async send(request, visit) {
      if (echoing.has(request.method))
        throw notForwarded(
          `the method ${request.method}`,
          'Use another method: this one would show the token.',
          405,
        )
      const path = toUpstreamPath(request.target, upstream)
      const body = bodyOf(request)
      const { method } = request
      const framing =
        body === undefined
          ? method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
            ? []
            : ['content-length', '0']
          : body.length === undefined
            ? ['transfer-encoding', 'chunked']
            : ['content-length', String(body.length)]
      const outgoing = { method, path, body, onGone: (callback: () => void) => onGone(request, callback) }
      return await forward(upstream, request, visit, outgoing, framing)
    },
    async upgrade(request, visit) {
      const path = toUpstreamPath(request.target, upstream)
      checkHandshake(request)
      const { connection } = request
      const outgoing = {
        method: 'GET',
        path,
        isHandshake: true,
        onGone: (callback: () => void) => void connection?.once('close', callback),
      }
      return await forward(upstream, request, visit, outgoing, [
        'connection',
        'Upgrade',
        'upgrade',
        'websocket',
      ])
    },
  }
}

/** They return the request, with its token (TRACE), or a connection. */
const echoing: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])

async function forward(
  upstream: Upstream,
  request: GuardedRequest,
  visit: Visit | undefined,
  outgoing: Omit<Outgoing, 'headers'>,
  framing: readonly string[],
): Promise<Forwarded & Pick<Head, 'upgraded'>> {
  const fixed = [...forUpstream(rawHeadersOf(request)), ...framing, ...proxyHeaders(request, upstream, visit)]
  const send = (token: string | undefined): Promise<Head> =>
    exchange(upstream, {
      ...outgoing,
      headers: token === undefined ? fixed : [...fixed, 'authorization', `Bearer ${token}`],
    })
  const token = await tokenOf(upstream, request, visit)
  let head = await send(token)
  if (head.response.statusCode === 401) {
    const renewed = await renewedToken(upstream, request, visit)
    if (renewed !== undefined && renewed !== token) {
      head.response.resume()
      head = await send(renewed)
    }
  }
  return toForwarded(head, upstream, outgoing.path, visit?.session !== undefined)
}

async function tokenOf(
  { token }: Upstream,
  request: GuardedRequest,
  visit: Visit | undefined,
): Promise<string | undefined> {
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
  return await token({ method, url, headers, user: visit?.user, session: visit?.session })
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
function proxyHeaders(
  request: GuardedRequest,
  { host, prefix }: Upstream,
  visit: Visit | undefined,
): string[] {
  const own = parseUrl(originOf(request, visit))
  const { ip } = (request.native ?? {}) as { readonly ip?: unknown }
  const client = typeof ip === 'string' ? ip : request.incoming?.socket.remoteAddress
  return [
    'host',
    host,
    ...(client === undefined ? [] : ['x-forwarded-for', client]),
    ...(own === undefined
      ? []
      : ['x-forwarded-host', own.host, 'x-forwarded-proto', own.protocol.slice(0, -1)]),
    ...(prefix === '' ? [] : ['x-forwarded-prefix', prefix]),
  ]
}

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
