/** Redirects the browser to an absolute URL, and sets cookies. */
export function redirect(
  location: string,
  cookies: readonly string[] = [],
  status: 302 | 303 | 307 = 303,
): Response {
  return withCookies(new Response(null, { status, headers: { location, ...privacy } }), cookies)
}

/** The response to a method that the route does not have. */
export function methodNotAllowed(allow: string): Response {
  return new Response(null, { status: 405, headers: { allow, ...privacy } })
}

/** The response to OPTIONS. Without a header of CORS, it refuses the preflight of another origin. */
export function optionsOf(allow: string): Response {
  return new Response(null, { status: 204, headers: { allow, ...privacy } })
}

/** Adds cookies, each as a separate header. */
export function withCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}

/** These URLs contain codes and states: neither caches nor other hosts may see them. */
const privacy = { 'cache-control': 'no-store', 'referrer-policy': 'same-origin' }
