import { CloakwrightError } from '../errors.ts'
import { isLoopback } from '../metadata/index.ts'
import type { SessionConfig } from './config.ts'
import type { Cookies } from './cookies.ts'
import type { LoginParameters } from './login-parameters.ts'
import { redirect } from './redirect.ts'
import type { SessionRequest } from './types.ts'

/** Redirects browsers to the host on which a login may begin. */
export interface PublicHost {
  /** The redirect to the public host; `undefined` if the browser is there, so that the login may begin. */
  lead(request: SessionRequest, login: RequestedLogin): Response | undefined
}

interface RequestedLogin {
  readonly returnTo: string
  readonly parameters: LoginParameters
}

/** Marks the URL of a login after the redirect: a request with it is on the public host. */
export const ledHere = 'led'
/** Maximum number of hosts to warn about: they come from requests, so there may be many. */
const maxHosts = 8

/**
 * Cookies that are set on another host name would not reach the callback, so a browser is first redirected to the public
 * origin. Behind a proxy that does not forward the host, every request seems to be on another host, and the redirects
 * would never end. A request with the mark of such a redirect is therefore on the public
 * host, whatever `Host` contains: its login begins, with a warning.
 */
export function createPublicHost(
  config: SessionConfig,
  cookies: Cookies,
  report: (error: CloakwrightError) => void,
): PublicHost {
  const { basePath, publicHostname, publicOrigin } = config
  const warned = new Set<string>()

  const warn = (host: string): void => {
    if (warned.has(host) || warned.size >= maxHosts) return
    warned.add(host)
    report(hidden(host, new URL(publicOrigin).host))
  }

  return {
    lead(request, { parameters, returnTo }) {
      const url = new URL(request.url)
      if (url.hostname === publicHostname) return undefined
      if (url.pathname === `${basePath}/login` && url.searchParams.has(ledHere)) {
        warn(url.host)
        return undefined
      }
      // This server under another of its names; if the redirect returns here, so does the cookie.
      if (isSameServer(url, new URL(publicOrigin)) && !cookies.readLed(request))
        return redirect(publicOrigin + url.pathname + url.search, [cookies.writeLed()], 302)
      const search = new URLSearchParams({ ...parameters, returnTo, [ledHere]: '1' })
      return redirect(`${publicOrigin}${basePath}/login?${search.toString()}`, [], 302)
    },
  }
}

function isSameServer(one: URL, other: URL): boolean {
  return isLoopback(one) && isLoopback(other) && one.port === other.port
}

function hidden(host: string, publicHost: string): CloakwrightError {
  return new CloakwrightError(
    'CW_PROXY_HOST',
    `publicUrl: requests arrive with the host ${host.slice(0, 255)}, but browsers use ${publicHost}`,
    {
      hint: 'Configure the proxy to forward the host. nginx: proxy_set_header Host $host; or let it send X-Forwarded-Host, and trust it.',
    },
  )
}
