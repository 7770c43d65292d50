/** A response as sent by the server: redirects are not followed, and no status throws. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. @throws a test failure that shows the status and the start of the body. */
  json<T = Json>(): T
  /** The Location header as a URL. @throws if it is missing. */
  location(): URL
}

// biome-ignore lint/suspicious/noExplicitAny: tests access responses whose shape they assert
export type Json = any

export interface Send {
  readonly method?: string
  readonly headers?: Record<string, string>
  /** Sent as application/x-www-form-urlencoded; pairs keep duplicates. */
  readonly form?: Record<string, string> | readonly (readonly [string, string])[]
  /** Sent as application/json. */
  readonly json?: unknown
  /** Sent as is. */
  readonly body?: string
  /** Sent as `Authorization: Bearer …`. */
  readonly bearer?: string
  /** Sent as `Authorization: Basic …`, encoded as in RFC 6749 section 2.3.1. */
  readonly basic?: readonly [id: string, secret: string]
}

/** Sends one request. The method defaults to POST when there is a body, else GET. */
export async function send(url: string | URL, request: Send = {}): Promise<Reply> {
  const { form, json, bearer, basic } = request
  const headers = new Headers(request.headers)
  let body = request.body
  if (form) body = new URLSearchParams(form as Record<string, string>).toString()
  if (json !== undefined) body = JSON.stringify(json)
  const type = form
    ? 'application/x-www-form-urlencoded'
    : json === undefined
      ? undefined
      : 'application/json'
  if (type && !headers.has('content-type')) headers.set('content-type', type)
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (basic) headers.set('authorization', `Basic ${encodeBasic(...basic)}`)

  const method = request.method ?? (body === undefined ? 'GET' : 'POST')
  const response = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    ...(body !== undefined && { body }),
  })
  return toReply(response, await response.text(), `${method} ${new URL(url).pathname}`)
}

function toReply({ status, headers }: Response, text: string, what: string): Reply {
  return {
    status,
    headers,
    text,
    json: () => {
      try {
        return JSON.parse(text)
      } catch {
        throw new Error(`${what} answered ${status} with no JSON: ${text.slice(0, 300)}`)
      }
    },
    location: () => {
      const location = headers.get('location')
      if (!location) throw new Error(`${what} answered ${status} with no Location: ${text.slice(0, 300)}`)
      return new URL(location)
    },
  }
}

function encodeBasic(id: string, secret: string): string {
  return Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')
}
