import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { SessionRequest } from '../../session/index.ts'

/** The data that an adapter reads from its framework's request; the session engine reads it, too. */
export interface GuardedRequest extends SessionRequest {
  /** Path and query as sent by the client. */
  readonly target: string
  /** The framework's own request, for policies that read it. */
  readonly native: unknown
  /** One object that represents the HTTP request for all guards: Node's own request, if there is one. */
  readonly identity: object
  /** Node's own request, if the framework runs on it: for the socket's certificate. */
  readonly incoming?: IncomingMessage | undefined
  /** Node's response, so that a stream of events can be closed. */
  readonly outgoing?: ServerResponse | undefined
  /** The web request, if the framework has no request of Node. */
  readonly web?: Request | undefined
  /** The connection that a WebSocket takes over, if this is an upgrade that the server accepts. */
  readonly connection?: Duplex | undefined
  /** Every header of that name (in lower case), in order. */
  fields(name: string): readonly string[]
  /** The parsed form of the body, if it is a form and the framework has read it; a promise if it must be read first. */
  form(): unknown
  /** The request's id, for the response and the log. */
  id(): string
}

/**
 * Reads data that a framework does not store in Node's or the web's request: one object for all requests, called when
 * needed. Form and id are required, so that an adapter cannot leave one out and accept a second token in a form.
 */
export interface Framework<Native> {
  /** The form of a request that has one, parsed already or read now; `undefined` if requests have no body. */
  readonly form: (native: Native) => unknown
  /** The request's id; a new one is created if this is not a string. */
  readonly id: (native: Native) => unknown
  /** Scheme and host that the client requested, as far as the framework trusts its proxies; only sessions need it. */
  readonly origin?: ((native: Native) => string) | undefined
  /** The client's IP address, as far as the framework trusts its proxies; `undefined` if it does not know. */
  readonly address?: ((native: Native) => string | undefined) | undefined
  /** The connection of an upgrade, if Node’s own mark on the request is not enough. */
  readonly connection?: ((native: Native) => Duplex) | undefined
}
