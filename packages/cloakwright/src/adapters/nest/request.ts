import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ArgumentsHost } from '@nestjs/common'
import {
  type ClosableSocket,
  closeBy,
  frameworkOfNode,
  fromIncoming,
  type GuardedRequest,
} from '../../guard/index.ts'

/** The source of a call's credentials, in each of Nest's contexts. */
export interface Source {
  /** Express' request, Fastify's, or the upgrade of a connection. */
  readonly request: object
  /** The object from which a handler reads the user: the request, or a gateway's client. */
  readonly holder: object
  /** The HTTP response, if one will be sent. */
  readonly response?: object | undefined
}

/** Finds the request of an HTTP route, of a GraphQL operation, including subscriptions, and of a gateway's message. */
export function sourceOf(host: ArgumentsHost): Source | undefined {
  switch (host.getType<string>()) {
    case 'http': {
      const http = host.switchToHttp()
      const request = http.getRequest<object>()
      return { request, holder: request, response: http.getResponse<object>() }
    }
    case 'graphql':
      return fromGraphql(contextOf(host.getArgs<unknown[]>()))
    case 'ws': {
      const client = host.switchToWs().getClient<object>()
      const request = upgrades.get(client) ?? member(client, 'request')
      return isRequest(request) ? { request, holder: client } : undefined
    }
    default:
      return undefined
  }
}

/** Express' request and response are Node's own; Fastify's have Node's as `raw`. */
export function toGuardedRequest(request: object, native: unknown, response?: object): GuardedRequest {
  const { form, id, origin, address } = frameworkOfNode
  const source = request as IncomingMessage
  const framework = {
    form: () => form(source),
    id: () => id(source),
    origin: () => origin(source),
    address: () => address(source),
  }
  return fromIncoming(nodes(source), native, framework, response && nodes(response as ServerResponse))
}

function nodes<T extends object>(own: T): T {
  return (own as { readonly raw?: T }).raw ?? own
}

/**
 * Tells guards the upgrade request of a gateway's client, because the library `ws` does not keep it. Socket.IO does,
 * and needs no call. When the token of the request expires or is revoked, the connection is closed with the code 4401.
 *
 * @example
 * ```ts
 * import type { IncomingMessage } from 'node:http'
 * import { bindUpgrade } from 'cloakwright/nest'
 *
 * export class PricesGateway {
 *   handleConnection(client: object, request: IncomingMessage): void {
 *     bindUpgrade(client, request)
 *   }
 * }
 * ```
 */
export function bindUpgrade(client: object, request: IncomingMessage): void {
  upgrades.set(client, request)
  if ('close' in client) closeBy(request, client as ClosableSocket)
}

const upgrades = new WeakMap<object, IncomingMessage>()

/** A resolver receives (parent, arguments, context, info); one of references and of types has no arguments. */
function contextOf(args: readonly unknown[]): unknown {
  return member(args[2], 'fieldNodes') === undefined ? args[2] : args[1]
}

/**
 * Apollo, Mercurius, Yoga or the application put the request into the context, each in another place; the context may
 * be the request itself. For a subscription, graphql-ws has the upgrade as `extra.request`.
 */
function fromGraphql(context: unknown): Source | undefined {
  const req = member(context, 'req')
  const request = [
    req,
    member(context, 'request'),
    member(member(context, 'reply'), 'request'),
    member(member(req, 'extra'), 'request'),
    member(member(context, 'extra'), 'request'),
    context,
  ].find(isRequest)
  if (request === undefined) return undefined
  const response = [member(context, 'res'), member(context, 'reply'), member(request, 'res')].find(isResponse)
  return { request, holder: request, response }
}

/** From Node, from Fastify, or created by the application from what a client sent for a subscription. */
function isRequest(value: unknown): value is object {
  const headers = member(value, 'headers')
  return typeof headers === 'object' && headers !== null && !(headers instanceof Headers)
}

function isResponse(value: unknown): value is object {
  return typeof member(value, 'setHeader') === 'function' || typeof member(value, 'header') === 'function'
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
