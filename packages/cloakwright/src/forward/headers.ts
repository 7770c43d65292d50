/**
 * Headers of one connection (RFC 9110 §7.6.1), and of proxies. The client's `Connection` header names more.
 */
const hopByHop: readonly string[] = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

const toUpstream: ReadonlySet<string> = new Set([
  ...hopByHop,
  // Set anew, for the upstream.
  'authorization',
  'content-length',
  'host',
  // Credentials for this service.
  'cookie',
  'cookie2',
  'dpop',
  // Node has responded to it.
  'expect',
  // What a proxy in front of the upstream would say about the client. This service is the proxy.
  'cf-connecting-ip',
  'client-ip',
  'fastly-client-ip',
  'forwarded',
  'front-end-https',
  'proxy',
  'remote-user',
  'true-client-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-real-ip',
  'x-remote-user',
  'x-rewrite-url',
])

/**
 * Header families of proxies that tell the upstream about the client, its user or its certificate (`Client-Cert` of RFC 9440
 * and its predecessors).
 */
const families =
  /^(?:x-(?:forwarded|auth-request|original-forwarded|envoy|amzn-(?:oidc|mtls))-|(?:x-)?(?:ssl-)?client-(?:cert|verify|subject|issuer)|x-forwarded$)/

const toClient: ReadonlySet<string> = new Set([
  ...hopByHop,
  // These apply to the whole origin, which is not the upstream's: its cookies could replace the session's, and its reports
  // could contain the URLs of logins.
  'accept-ch',
  'alt-svc',
  'clear-site-data',
  'nel',
  'origin-agent-cluster',
  'public-key-pins',
  'report-to',
  'sec-session-registration',
  'secure-session-registration',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'set-login',
  'strict-transport-security',
  // A proxy in front of this service would send another of its files instead.
  'x-accel-redirect',
  'x-lighttpd-send-file',
  'x-reproxy-url',
  'x-sendfile',
])

/** Names and values in turn, as in `rawHeaders` of Node. */
export type RawHeaders = readonly string[]

/** By name, in lower case; several values of a name that was sent several times. */
export type ClientHeaders = Record<string, string | string[]>

/** The client's headers that the upstream may get. */
export function forUpstream(raw: RawHeaders): string[] {
  const listed = listedIn(raw)
  const kept: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = canonical(raw[at] as string)
    // HTTP/2 has the request line as headers that start with a colon.
    if (toUpstream.has(name) || families.test(name) || name.startsWith(':') || listed?.has(name) === true)
      continue
    kept.push(raw[at] as string, raw[at + 1] as string)
  }
  return kept
}

/**
 * The upstream's headers that the client may get. CORS is up to this service: all pages are on its own origin.
 *
 * @param isPersonal Whether the request had a session. Caches know that responses to `Authorization` are personal (RFC 9111
 * §3.5), but the client sent a cookie. So nothing is cached.
 */
export function forClient(raw: RawHeaders, isPersonal: boolean): ClientHeaders {
  const listed = listedIn(raw)
  let chunked = false
  const kept = Object.create(null) as ClientHeaders
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    const value = raw[at + 1] as string
    if (name === 'transfer-encoding') chunked = true
    if (toClient.has(name) || name.startsWith('access-control-') || listed?.has(name) === true) continue
    if (isPersonal && caching.test(name)) continue
    if (name === 'www-authenticate' && !isBearer(value)) continue
    const before = kept[name]
    kept[name] = before === undefined ? value : [before, value].flat()
  }
  if (chunked) delete kept['content-length']
  if (isPersonal) kept['cache-control'] = 'no-store'
  // Without a type, a browser could take a file of some user for a page of this origin.
  kept['x-content-type-options'] = 'nosniff'
  return kept
}

/** Caches prefer their own header to `Cache-Control` (RFC 9213). */
const caching =
  /^(?:age|expires|pragma|(?:[\w-]+-)?cache-control|surrogate-control|edge-control|x-accel-expires)$/

/** Other challenges make a browser ask for a password, which this service would never pass on. */
function isBearer(challenge: string): boolean {
  return /^bearer\b/i.test(challenge) && !/\b(?:basic|digest|negotiate|ntlm)\b/i.test(challenge)
}

/** Many servers treat `X_Forwarded_For` like `X-Forwarded-For`. */
function canonical(name: string): string {
  const lower = name.toLowerCase()
  return lower.includes('_') ? lower.replaceAll('_', '-') : lower
}

/** The names in `Connection`, except of `close` and `keep-alive`. */
function listedIn(raw: RawHeaders): ReadonlySet<string> | undefined {
  let listed: Set<string> | undefined
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = (raw[at + 1] as string).toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    listed ??= new Set()
    for (const one of value.split(',')) listed.add(canonical(one.trim()))
  }
  return listed
}
