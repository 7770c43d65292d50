import { CloakwrightError } from '../errors.ts'
import { isLoopback } from '../metadata/index.ts'
import type { Cookies } from './cookies.ts'
import type { SessionConfig } from './options.ts'
import { redirect } from './pages.ts'
import type { SessionRequest } from './types.ts'

/** Leads browsers to the host on which a login may begin. */
export interface PublicHost {
  /** The redirect to the public host; `undefined` where the browser is there, so that the login may begin. */
  lead(request: SessionRequest, url: URL, returnTo: string): Response | undefined
}

/** Marks the address of a login to which a browser was led: whoever comes by it is on the public host. */
export const ledHere = 'led'
/** Hosts that are warned of: they come from requests, so that there may be many. */
const maxHosts = 8

/**
 * Cookies that are set on another host name would not come back to the callback, so that a browser is led to the public
 * origin first. Behind a proxy that does not pass the host on, every request seems to come on another one: a second
 * redirect would lead to the first, without end. What comes by an address that only such a redirect has is on the public
 * host whatever `Host` says, and its login begins, with a warning.
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
    lead(request, url, returnTo) {
      if (url.hostname === publicHostname) return undefined
      if (url.pathname === `${basePath}/login` && url.searchParams.has(ledHere)) {
        warn(url.host)
        return undefined
      }
      // This very server by another of its names; if the redirect comes back, the cookie comes with it.
      if (isSameServer(url, new URL(publicOrigin)) && !cookies.readLed(request))
        return redirect(publicOrigin + url.pathname + url.search, [cookies.writeLed()], 302)
      const search = new URLSearchParams({ returnTo, [ledHere]: '1' })
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
    `publicUrl: requests come with the host ${host.slice(0, 255)}, and browsers are on ${publicHost}`,
    {
      hint: 'A proxy does not pass the host on. nginx: proxy_set_header Host $host; or let it send X-Forwarded-Host, and trust it.',
    },
  )
}
