import { expect } from 'vitest'
import type { Reply } from './http.ts'
import type { Page } from './page.ts'

/** What a case asserts of an answer: its status, media type, these headers and the body byte by byte. */
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

/** A JSON answer as {@link answerOf} shows it. */
export function json(status: number, body: unknown): Record<string, unknown> {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}

/** An empty answer as {@link answerOf} shows it. */
export function empty(status: number): Record<string, unknown> {
  return { status, type: undefined, body: '' }
}

/** An OAuth error as {@link answerOf} shows it (RFC 6749 section 5.2: `error` first, then its description). */
export function oauthError(
  status: number,
  error: string,
  error_description?: string,
): Record<string, unknown> {
  return json(status, { error, ...(error_description && { error_description }) })
}

/** What a person sees of a page: its title and what it tells. */
export function seenOn(page: Page): Record<string, unknown> {
  return {
    status: page.status,
    type: mediaType(page),
    title: page.textOf('kc-page-title'),
    message: page.textOf('kc-error-message') ?? page.textOfClass('kc-feedback-text'),
  }
}

/** Keycloak's error page as {@link seenOn} shows it. */
export function errorPage(status: number, message: string): Record<string, unknown> {
  return { status, type: 'text/html', title: 'We are sorry...', message }
}

/** The login page as {@link seenOn} shows it. */
export function loginPage(message?: string): Record<string, unknown> {
  return { status: 200, type: 'text/html', title: 'Sign in to your account', message }
}

/** Seconds until an expiry: one fewer where the server's clock moves on between the token and its response. */
export function secondsLeft(lifetime: number): unknown {
  return expect.toBeOneOf([lifetime, lifetime - 1])
}

/** A redirect: its status, where it goes without the parameters, and the parameters in their order, by the part that holds them. */
export function redirectOf(reply: Reply): Record<string, unknown> {
  const location = reply.location()
  const part = location.hash ? 'fragment' : 'query'
  const parameters = [...new URLSearchParams(location.hash ? location.hash.slice(1) : location.search)]
  return { status: reply.status, to: `${location.origin}${location.pathname}`, [part]: parameters }
}
