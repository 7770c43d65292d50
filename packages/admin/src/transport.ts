import { type BoundedResponse, CloakwrightError, fetchBounded, type UnfitResponse } from 'cloakwright'

/** Bytes of a response of the Admin API: a realm's export has a few MB, a page of 100 users with large attributes less. */
const maxAdminBody = 64 * 1024 * 1024
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

/** Signals of the requests that the official client is about to send. */
const announced = new WeakSet<AbortSignal>()
let expected = 0

/**
 * Bounds the official client's next request, which is known by its signal. That client calls the global `fetch` from a private
 * function and takes whatever comes. So the global one is replaced until the event loop's next turn; what others send meanwhile
 * passes through.
 */
export function boundNextFetch(signal: AbortSignal): void {
  announced.add(signal)
  expected += 1
  if (expected === 1) {
    const send = globalThis.fetch
    const bounding: typeof fetch = (input, init) =>
      init?.signal && announced.delete(init.signal)
        ? fetchAdmin(send, input instanceof Request ? input.url : String(input), init, init.signal)
        : send(input, init)
    globalThis.fetch = bounding
    restore = () => {
      if (globalThis.fetch === bounding) globalThis.fetch = send
    }
  }
  setImmediate(() => {
    expected -= 1
    if (expected === 0) restore()
  })
}

let restore: () => void = () => {}

async function fetchAdmin(
  fetch: typeof globalThis.fetch,
  url: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Response> {
  const { method = 'GET' } = init
  const refuse = refusalOf(method, url)
  const { status, headers, body } = await fetchBounded(url, {
    ...init,
    fetch,
    signal,
    maxBytes: maxAdminBody,
    refuse,
  })
  const response = new Response(body.byteLength === 0 ? null : new Uint8Array(body), { status, headers })
  // A response that is made here has none.
  return Object.defineProperty(response, 'url', { value: url })
}

function refusalOf(method: string, url: string | URL): (response: UnfitResponse) => CloakwrightError {
  return ({ kind, why, hint }) =>
    new CloakwrightError(
      kind === 'redirect' ? 'CW_ADMIN_REDIRECTED' : 'CW_ADMIN_FAILED',
      `Keycloak ${why}: ${nameOf(method, url)}`,
      hint === undefined ? {} : { hint },
    )
}
