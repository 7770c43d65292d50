import { createHash } from 'node:crypto'
import type { CloakwrightError, ErrorCode } from '../errors.ts'

const style =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#1f2933}' +
  'a,button{font:inherit;display:inline-block;padding:.5rem 1rem;border:0;border-radius:.375rem;background:#1d4ed8;color:#fff;' +
  'text-decoration:none;cursor:pointer}code{color:#616e7c}'
const styleHash = createHash('sha256').update(style).digest('base64')

/** Redirects the browser to an absolute URL, and sets cookies. */
export function redirect(
  location: string,
  cookies: readonly string[] = [],
  status: 302 | 303 = 303,
): Response {
  return withCookies(new Response(null, { status, headers: { location, ...privacy } }), cookies)
}

/** A page with the error and a link back. */
export function errorPage(error: CloakwrightError, back: string): Response {
  const [title, text] = explain(error)
  const retryAfter = error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }
  return page(
    title,
    `<p>${escape(text)}</p><p><a href="${escape(back)}">Try again</a></p><p><code>${error.code}</code></p>`,
    { status: error.status, headers: retryAfter },
  )
}

/** Asks for confirmation before it signs out: a link from elsewhere must not end a session. */
export function logoutPage(action: string, issuer: string): Response {
  const form = `<form method="post" action="${escape(action)}"><button id="sign-out">Sign out</button></form>`
  // Browsers apply form-action also to the redirect after a form: it leads to the provider.
  return page('Sign out?', form, { formAction: `'self' ${new URL(issuer).origin}` })
}

/** The response to a method that the route does not have. */
export function methodNotAllowed(allow: string): Response {
  return new Response(null, { status: 405, headers: { allow, ...privacy } })
}

/** Adds cookies, each as a separate header. */
export function withCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}

/** These URLs contain codes and states: neither caches nor other hosts may see them. */
const privacy = { 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }

function page(
  title: string,
  body: string,
  options: { status?: number; headers?: Record<string, string>; formAction?: string },
): Response {
  const { status = 200, headers, formAction = "'none'" } = options
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
${body}
</body>
</html>
`
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
      'x-content-type-options': 'nosniff',
      ...privacy,
      ...headers,
    },
  })
}

type Explanation = readonly [title: string, text: string]

const explanations: Partial<Record<ErrorCode, Explanation>> = {
  CW_LOGIN_STATE: [
    'This sign-in is no longer valid',
    'It took too long, was already used, or was started in another browser.',
  ],
  CW_LOGIN_REFUSED: ['You are not signed in', 'The sign-in was cancelled or refused.'],
  CW_LOGIN_RESPONSE: ['The sign-in failed', 'The response to the sign-in is invalid.'],
  CW_SESSION_ORIGIN: ['Request blocked', 'The request did not come from a page of this service.'],
}

function explain({ code, status }: CloakwrightError): Explanation {
  const known = explanations[code]
  if (known !== undefined) return known
  return status === 503
    ? ['Not available right now', 'You cannot sign in or out at the moment. Try again in a few minutes.']
    : ['Something went wrong', 'The operators of this service can find the reason in its log.']
}

function escape(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
