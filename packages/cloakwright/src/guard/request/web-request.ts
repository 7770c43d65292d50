import { CloakwrightError } from '../../errors.ts'
import { beginningOf, parseUrl } from '../../http/index.ts'
import type { Framework, GuardedRequest } from './guarded-request.ts'
import { isForm, toId } from './node-request.ts'

/**
 * Creates the guards' view of a web `Request`. Its `Headers` join headers of one name with a comma, which no token
 * contains: so two Authorization headers are detected.
 */
export function fromWebRequest<Native extends object>(
  request: Request,
  native: Native,
  framework: Framework<Native>,
): GuardedRequest {
  const url = urlOf(request)
  let id: string | undefined
  return {
    method: request.method,
    url: url.href,
    headers: request.headers,
    target: url.pathname + url.search,
    native,
    identity: native,
    web: request,
    fields(name) {
      const value = request.headers.get(name)
      return value === null ? [] : [value]
    },
    form: () => (isForm(request.headers.get('content-type')) ? framework.form(native) : undefined),
    id: () => (id ??= toId(framework.id(native))),
    address: () => framework.address?.(native),
  }
}

/**
 * The URL with the host that the client requested: Next.js puts the name under which it listens into the URL.
 *
 * @throws {CW_CONFIG_INVALID} A mock lacks a part of a web request.
 */
function urlOf({ url, headers }: Request): URL {
  const parsed = parseUrl(url)
  if (parsed !== undefined && typeof headers?.get === 'function') {
    const host = headers.get('host')
    const requested = host === null ? undefined : parseUrl(`${parsed.protocol}//${host}`)
    return (requested && parseUrl(parsed.pathname + parsed.search, requested)) ?? parsed
  }
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    'Request: not a web request with an absolute url and headers',
    {
      hint: "Create it with new Request('https://api.example.com/path', { headers }), in tests too.",
    },
  )
}

/** Bytes of a form that are read. No token is ever accepted from a form, so the rest does not matter. */
const formLimit = 64 * 1024

/**
 * Reads the form of a web request, and leaves the body to the handler; `undefined` if there is no form, or it was
 * read before. Of a large one only the beginning is read, since a copy of it is kept for the handler; the handler
 * itself finds out if the body breaks off.
 */
export async function readForm(request: Request): Promise<Record<string, string> | undefined> {
  if (request.body === null || request.bodyUsed || request.body.locked) return undefined
  const text = await beginningOf(request.clone().body, formLimit).catch(() => undefined)
  return text === undefined ? undefined : Object.fromEntries(new URLSearchParams(text))
}
