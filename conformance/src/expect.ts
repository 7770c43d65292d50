import { expect } from 'vitest'
import type { Reply } from './http.ts'
import type { Page } from './page.ts'

/** The asserted parts of a response: status, media type, the given headers, and the exact body. */
export function answerOf(reply: Reply, ...headers: string[]): Record<string, unknown> {
  return {
    status: reply.status,
    type: mediaType(reply),
    ...Object.fromEntries(headers.map((name) => [name, reply.headers.get(name) ?? undefined])),
    body: reply.text,
  }
}

/** The media type without its parameters, or undefined. */
export function mediaType(reply: Reply): string | undefined {
  return reply.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
}

/** A JSON response in the format of {@link answerOf}. */
export function json(status: number, body: unknown): Record<string, unknown> {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}

/** An empty response in the format of {@link answerOf}. */
export function empty(status: number): Record<string, unknown> {
  return { status, type: undefined, body: '' }
}

/** An OAuth error in the format of {@link answerOf} (RFC 6749 section 5.2: `error` first, then its description). */
export function oauthError(
  status: number,
  error: string,
  error_description?: string,
): Record<string, unknown> {
  return json(status, { error, ...(error_description && { error_description }) })
}

/** The visible parts of a page: title and message. */
export function seenOn(page: Page): Record<string, unknown> {
  return {
    status: page.status,
    type: mediaType(page),
    title: page.textOf('kc-page-title'),
    message: page.textOf('kc-error-message') ?? page.textOfClass('kc-feedback-text'),
  }
}

/** Keycloak's error page in the format of {@link seenOn}. */
export function errorPage(status: number, message: string): Record<string, unknown> {
  return { status, type: 'text/html', title: 'We are sorry...', message }
}

/** The login page in the format of {@link seenOn}. */
export function loginPage(message?: string): Record<string, unknown> {
  return { status: 200, type: 'text/html', title: 'Sign in to your account', message }
}

/** Seconds until expiry, or one less if the server's clock ticks between token and response. */
export function secondsLeft(lifetime: number): unknown {
  return expect.toBeOneOf([lifetime, lifetime - 1])
}

/** A redirect: status, target without parameters, and the ordered parameters of query or fragment. */
export function redirectOf(reply: Reply): Record<string, unknown> {
  const location = reply.location()
  const part = location.hash ? 'fragment' : 'query'
  const parameters = [...new URLSearchParams(location.hash ? location.hash.slice(1) : location.search)]
  return { status: reply.status, to: `${location.origin}${location.pathname}`, [part]: parameters }
}
