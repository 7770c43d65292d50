import { Agent, type ClientRequest, request as httpRequest } from 'node:http'
import { request as httpsRequest, Agent as TlsAgent } from 'node:https'
import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import { number } from '../numbers.ts'
import { requireOptions } from '../options.ts'
import type { Session, SessionRequest } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

/** A request that is forwarded, and what its guard found out about it. */
export interface ForwardedRequest extends SessionRequest {
  /** Undefined for an anonymous request. */
  readonly user: AccessToken | undefined
  /** Undefined for a bearer token and for an anonymous request. */
  readonly session: Session | undefined
}

/** The options of forwarding. */
export interface ForwardOptions {
  /**
   * The path of this service that stands for the upstream's: with `/api`, a request to `/api/orders` reaches `/orders` of
   * the upstream, and other paths get 404. By default, the upstream gets the whole path.
   */
  readonly prefix?: string | undefined
  /**
   * The access token for the upstream; without a result, the request is sent without one. By default, the token of the
   * session, and requests without a session get 401.
   */
  readonly token?:
    | ((request: ForwardedRequest) => string | undefined | Promise<string | undefined>)
    | undefined
  /** Milliseconds without progress until the upstream responds; 30000 by default. A response may take any time. */
  readonly timeout?: number | undefined
  /** Node's agent of the connections, for their number and certificates; one with keep-alive by default. */
  readonly agent?: Agent | undefined
}

/** Where requests are sent: one origin, and one path below which all of them stay. */
export interface Upstream {
  readonly origin: string
  /** Its `Host` header. */
  readonly host: string
  /** Its path, without a slash at the end. */
  readonly path: string
  /** The path of this service, without a slash at the end. */
  readonly prefix: string
  readonly token: ForwardOptions['token']
  readonly timeout: number
  /** Starts a request to the origin. */
  open(method: string, path: string, headers: readonly string[]): ClientRequest
}

/**
 * Checks upstream and options.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 */
export function toUpstream(upstream: string | URL, options: ForwardOptions): Upstream {
  requireOptions('forward', "'https://api.internal'", options, {
    prefix: 'string',
    token: 'function',
    agent: 'object',
  })
  const url = checkUpstream(upstream)
  const secure = url.protocol === 'https:'
  const request = secure ? httpsRequest : httpRequest
  const timeout = number('timeout', options.timeout, 30_000, 1, 3_600_000)
  // With the timeout of the requests, no request sets it on its socket.
  const settings = { keepAlive: true, maxFreeSockets: 256, timeout }
  const agent = options.agent ?? new (secure ? TlsAgent : Agent)(settings)
  const { hostname, port } = url
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    origin: url.origin,
    host: url.host,
    path: url.pathname.replace(/\/+$/, ''),
    prefix: checkPrefix(options.prefix ?? '/'),
    token: options.token,
    timeout,
    open: (method, path, headers) =>
      request({ host, port, agent, timeout, setHost: false, method, path, headers }),
  }
}

function checkUpstream(upstream: string | URL | undefined): URL {
  const hint = "Set it to a URL such as 'https://api.internal:8443' or 'https://api.internal/v1'."
  if (upstream === undefined || upstream === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'forward: the upstream is missing', { hint })
  const url =
    typeof upstream === 'string' || upstream instanceof URL ? parseUrl(upstream.toString()) : undefined
  const why =
    url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')
      ? 'not an http or https URL'
      : url.username !== '' || url.password !== ''
        ? 'has a user name or password'
        : url.search !== '' || url.hash !== ''
          ? 'has a query or a fragment'
          : undefined
  if (url !== undefined && why === undefined) return url
  throw new CloakwrightError('CW_CONFIG_INVALID', `forward: the upstream ${why}`, { hint })
}

function checkPrefix(prefix: string): string {
  if (/^\/(?:[\w.~-]+\/?)*$/.test(prefix) && !/\/\.\.?(?:\/|$)/.test(prefix)) return prefix.replace(/\/$/, '')
  throw new CloakwrightError('CW_CONFIG_INVALID', 'forward: prefix is not a path of this service', {
    hint: "Set it to a path such as '/api', or omit it.",
  })
}
