import { CloakwrightError } from '../errors.ts'
import { type Fetch, fetchBounded, type UnfitResponse } from '../http/index.ts'
import type { Outage } from './outage.ts'
import { unavailable } from './provider-error.ts'

/** The realm or a proxy in front of it says that it cannot respond now. */
const away: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Maximum size of a response in bytes: three tokens with all their roles are smaller. */
const maxBytes = 1024 * 1024

/** One request to the provider, limited in time and size; distinguishes an outage from a response. */
export async function fetchWhole(
  { fetch, timeout }: { readonly fetch: Fetch; readonly timeout: number },
  url: string,
  init: RequestInit,
  outage: Outage,
): Promise<Response> {
  const what = new URL(url).origin + new URL(url).pathname
  const signal = AbortSignal.any([AbortSignal.timeout(timeout), ...(init.signal ? [init.signal] : [])])
  const refuse = ({ why, hint }: UnfitResponse): CloakwrightError =>
    unavailable(`${what}: ${why}`, undefined, hint)
  const { status, headers, body } = await fetchBounded(url, {
    ...init,
    fetch,
    signal,
    maxBytes,
    refuse,
  }).catch((error: unknown) => {
    if (error instanceof CloakwrightError) throw error
    const failure = unavailable(
      `${what}: ${signal.aborted ? `no response within ${timeout} ms` : 'cannot be reached'}`,
      error,
    )
    outage.began(failure)
    throw failure
  })
  // Not a 500: it may concern one session, and must not keep others waiting.
  if (away.has(status)) outage.began(unavailable(`${what}: responds with status ${status}`))
  else outage.over()
  if (status >= 500 || status === 429) throw unavailable(`${what}: responds with status ${status}`)
  return new Response(body.byteLength === 0 ? null : new Uint8Array(body), { status, headers })
}
