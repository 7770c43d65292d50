import { type BoundedResponse, CloakwrightError, fetchBounded, type UnfitResponse } from 'cloakwright'

/** Bytes of a response of an endpoint for tokens. */
const maxTokenBody = 1024 * 1024

/** The method and URL of a request, as errors name it: without a query. */
function nameOf(method: string, url: string | URL): string {
  const { pathname, origin } = new URL(url)
  return `${method} ${pathname.replace(/\/$/, '')} at ${origin}`
}

/**
 * Posts a form that holds a secret or a password: to this origin and no other.
 *
 * @throws {CW_ADMIN_REDIRECTED}
 * @throws {CW_ADMIN_FAILED} more than 1 MB
 */
export async function postForm(
  url: string | URL,
  body: URLSearchParams,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<BoundedResponse> {
  return await fetchBounded(url, {
    method: 'POST',
    headers: { accept: 'application/json', ...headers },
    body,
    signal,
    maxBytes: maxTokenBody,
    refuse: refusalOf('POST', url),
  })
}

/** Makes the error for a response that is not taken. */
export function refusalOf(method: string, url: string | URL): (response: UnfitResponse) => CloakwrightError {
  return ({ kind, why, hint }) =>
    new CloakwrightError(
      kind === 'redirect' ? 'CW_ADMIN_REDIRECTED' : 'CW_ADMIN_FAILED',
      `Keycloak ${why}: ${nameOf(method, url)}`,
      hint === undefined ? {} : { hint },
    )
}
