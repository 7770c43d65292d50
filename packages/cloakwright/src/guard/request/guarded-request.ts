import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SessionRequest } from '../../session/index.ts'

/** What an adapter reads of its framework's request; the session engine reads it, too. */
export interface GuardedRequest extends SessionRequest {
  /** Path and query as the client sent them. */
  readonly target: string
  /** The request as the framework has it, for policies that look at it. */
  readonly native: unknown
  /** The one object that stands for the HTTP request, whichever guard looks at it: Node's own request, where there is one. */
  readonly identity: object
  /** Node's own request, where the framework runs on it: for the socket's certificate. */
  readonly incoming?: IncomingMessage | undefined
  /** The connection that the request takes over from HTTP, if it is an upgrade that the server accepts. */
  readonly connection?: Duplex | undefined
  /** Every field of that name (in lower case), in order. */
  fields(name: string): readonly string[]
  /** The parsed form of the body, if it is one and the framework has read it; a promise where it has to be read first. */
  form(): unknown
  /** The request's id, for the answer and the log. */
  id(): string
}

/**
 * Where a framework has what is not in Node's or the web's own request: one object for all requests, asked when needed.
 * Form and id are required: an adapter that left one out would compile, and accept a second token in a form.
 */
export interface Framework<Native> {
  /** The form of a request that has one, parsed already or read now; `undefined` where no request has a body. */
  readonly form: (native: Native) => unknown
  /** The request's id; a new one is made where this is not a string. */
  readonly id: (native: Native) => unknown
  /** Scheme and host that the client asked for, as far as the framework trusts its proxies; only sessions ask for it. */
  readonly origin?: ((native: Native) => string) | undefined
  /** The connection of an upgrade, where Node’s own mark on the request is not enough. */
  readonly connection?: ((native: Native) => Duplex) | undefined
}
