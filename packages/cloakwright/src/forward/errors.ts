import { CloakwrightError } from '../errors.ts'

/** A request that must not reach the upstream; the message says why, and a client sees it. */
export function notForwarded(why: string, hint: string, status = 400): CloakwrightError {
  return new CloakwrightError('CW_FORWARD_REFUSED', `Request: ${why}`, { hint, status })
}

/** The upstream gave no usable response. */
export function upstreamFailed(
  origin: string,
  why: string,
  { status = 502, cause }: { readonly status?: 502 | 504; readonly cause?: unknown } = {},
): CloakwrightError {
  return new CloakwrightError('CW_UPSTREAM_UNAVAILABLE', `Upstream ${origin}: ${why}`, {
    hint: 'Check that it runs and that this service can reach it.',
    status,
    retryAfter: 5,
    cause,
  })
}
