import { type Clock, defaultClockTolerance, systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { requireOptions } from '../options.ts'
import type { PagesOptions } from '../pages/index.ts'
import { isPromise } from '../promise.ts'
import type { SessionEngine } from '../session/index.ts'
import type { Verifier } from '../token/index.ts'
import type { FormatError } from './error-format.ts'
import type { ResourceOptions } from './resource.ts'
import type { Tickets } from './websocket/index.ts'

/** The options of guards, in every framework. */
export interface GuardOptions {
  readonly verifier: Verifier
  /**
   * Browser login: the adapter serves its routes, and guards accept its sessions. Without it, bearer tokens only.
   */
  readonly sessions?: SessionEngine | undefined
  /** The name in challenges (`WWW-Authenticate: Bearer realm="…"`); by default the last segment of the issuer, see {@link Verifier.realm}. */
  readonly realm?: string | undefined
  /** Publishes what this service requires of its clients (RFC 9728), and links to it in every challenge. */
  readonly resource?: ResourceOptions | undefined
  /** Whether a refusal tells the client the exact reason and the fix; by default only with `NODE_ENV=development`. */
  readonly explain?: boolean | undefined
  /** Formats refusals and errors for the application; by default they are `application/problem+json` (RFC 9457). */
  readonly formatError?: FormatError | undefined
  /**
   * Refuses a browser's navigation with a page, in place of a problem: `true`, or the options of the pages. By default only
   * if the sessions have the option `pages`; then with those. Other clients always get the problem, and `formatError` wins.
   */
  readonly pages?: boolean | PagesOptions | undefined
  /**
   * Whether an admitted WebSocket or event stream (SSE) ends with the token or the session that opened it; `true` by
   * default.
   */
  readonly endWithToken?: boolean | undefined
  /** Admits WebSockets with a ticket (`?ticket=…`), for pages that have a bearer token. */
  readonly tickets?: Tickets | undefined
}

const example = 'cloakwright({ verifier: createVerifier({ issuer, audience }) })'

/**
 * Checks the options of a guard when it is created: JavaScript accepts anything, and each request would fail.
 *
 * @throws {CW_CONFIG_MISSING} No verifier.
 * @throws {CW_CONFIG_INVALID} The verifier or the session engine is invalid.
 */
export function checkGuardOptions(options: GuardOptions): void {
  const given = options as GuardOptions | undefined
  const verifier: unknown = given?.verifier
  if (isVerifier(given)) throw invalid('the verifier was passed in place of the options', `Write ${example}.`)
  if (verifier === undefined || verifier === null)
    throw new CloakwrightError('CW_CONFIG_MISSING', 'cloakwright: verifier is missing', {
      hint: `Write ${example}. A middleware that is passed without being called gets a request as its options.`,
    })
  if (isPromise(verifier)) throw invalid('verifier is a promise', 'Await it first.')
  if (!isVerifier(verifier))
    throw invalid(
      `verifier is ${typeof verifier === 'function' ? 'a function' : 'not a verifier'}`,
      `Write ${example}.`,
    )
  const { sessions } = options
  if (sessions !== undefined && typeof (sessions as Partial<SessionEngine>).authenticate !== 'function')
    throw invalid(
      isPromise(sessions as unknown) ? 'sessions is a promise' : 'sessions is not a session engine',
      'Pass the result of createSessions() of cloakwright/session.',
    )
  requireOptions('cloakwright', '{ verifier }', options, {
    resource: 'object',
    realm: 'string',
    tickets: 'object',
    formatError: 'function',
  })
}

function isVerifier(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { verify, issuers, proofs, clock } = value as Record<string, unknown>
  return (
    typeof verify === 'function' &&
    Array.isArray(issuers) &&
    [proofs, clock ?? systemClock].every((member) => typeof member === 'object' && member !== null)
  )
}

const systemClock: Clock = { now: systemTime, tolerance: defaultClockTolerance }

/** An application's own verifier may have no clock: then the system's time is used. */
export function withClock(verifier: Verifier): Verifier {
  if ((verifier as Partial<Verifier>).clock !== undefined) return verifier
  return Object.assign(Object.create(verifier) as Verifier, { clock: systemClock })
}

function invalid(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `cloakwright: ${why}`, { hint })
}
