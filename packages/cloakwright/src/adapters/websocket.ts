import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloakwrightError } from '../errors.ts'
import { createForwarder, type ForwardOptions, sendUpgraded, type Visit } from '../forward/index.ts'
import {
  type Answer,
  type ClosableSocket,
  closeBy,
  createGuard,
  fromIncoming,
  type GuardedRequest,
  type GuardOptions,
  type LogEntry,
  reportFailure,
  unguarded,
} from '../guard/index.ts'
import { requireOptions } from '../options.ts'
import { user as anyUser, type Policy } from '../policy/index.ts'
import type { SessionEngine } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'

export type { ForwardedRequest, ForwardOptions } from '../forward/index.ts'
export { createTickets, type Tickets, type TicketsOptions } from '../guard/index.ts'

/** The options of the guard of upgrades. */
export interface UpgradeGuardOptions extends GuardOptions {
  /** Browser sessions that are accepted, from pages of their `publicUrl` only (the handshake's Origin). */
  readonly sessions?: SessionEngine | undefined
  /**
   * Receives each refusal, with the exact reason for the log.
   * By default, failures (status 500 and above) are one line each on standard error: code, hint, request id.
   */
  readonly onRefused?: ((entry: LogEntry, request: IncomingMessage) => void) | undefined
}

/**
 * Decides on one upgrade: resolves to the user, or to `undefined`; then the response was sent and the
 * connection is closed.
 */
export type UpgradeGuard = (
  request: IncomingMessage,
  socket: Duplex,
  policy?: Policy,
) => Promise<AccessToken | undefined>

/**
 * Guards WebSocket upgrades of Node's HTTP server (RFC 6455 §4.2.2). The token comes in the handshake's Authorization
 * header; browsers send a session cookie or a ticket instead. The socket ends with the token or session that opened it:
 * the client gets code 4401 and "token expired", "token revoked" or "session ended"; 4403 and "access withdrawn" if a
 * session's next token is no longer allowed; 1013 if that cannot be checked.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createVerifier } from 'cloakwright'
 * import { closeOnEnd, createUpgradeGuard } from 'cloakwright/websocket'
 * import { WebSocketServer } from 'ws'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const guard = createUpgradeGuard({ verifier })
 * const sockets = new WebSocketServer({ noServer: true })
 *
 * createServer().on('upgrade', async (request, socket, head) => {
 *   const user = await guard(request, socket)
 *   if (user === undefined) return
 *   sockets.handleUpgrade(request, socket, head, (ws) => {
 *     closeOnEnd(ws, request)
 *     ws.send(`hello ${user.username}`)
 *   })
 * })
 * ```
 */
export function createUpgradeGuard(options: UpgradeGuardOptions): UpgradeGuard {
  requireOptions('createUpgradeGuard', '{ verifier }', options)
  const { onRefused = reportFailure } = options
  const guard = createGuard(options)
  const any = anyUser()
  return async (request, socket, policy = any) => {
    const guarded = toGuardedRequest(request, socket)
    // A client that disconnects meanwhile must not end the process.
    const ignore = (): void => {}
    socket.on('error', ignore)
    const admission = await guard.admit(guarded, { policy, anonymous: false })
    socket.off('error', ignore)
    if (socket.destroyed) return undefined
    if (admission.kind === 'admitted') {
      visits.set(request, { ...admission, session: admission.session, guard, onRefused })
      return admission.user
    }
    // A handshake is not a navigation, so it cannot be redirected to a login.
    const refused = admission.kind === 'refused' ? admission : guard.refuse(noUser(), guarded)
    answer(refused.answer, socket)
    onRefused(refused.log, request)
    return undefined
  }
}

/** A handshake has no body, and no framework that parses it or trusts a proxy. */
const withoutBody = {
  form: () => undefined,
  id: () => undefined,
  origin: ({ headers: { host } }: IncomingMessage) => `http://${host}`,
}

/** What a guard found out about a handshake, and where its refusals go. */
interface UpgradeVisit extends Visit {
  readonly onRefused: NonNullable<UpgradeGuardOptions['onRefused']>
}

const visits = new WeakMap<IncomingMessage, UpgradeVisit>()

/**
 * Forwards WebSockets to another service, with the access token of the session. Call the function after the guard has
 * admitted the handshake. When the session ends, the socket is closed on both sides.
 *
 * @throws {CW_CONFIG_INVALID} The upstream is not an http or https URL, or an option is invalid.
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createVerifier } from 'cloakwright'
 * import type { SessionEngine } from 'cloakwright/session'
 * import { createUpgradeGuard, forward } from 'cloakwright/websocket'
 *
 * export function serve(sessions: SessionEngine) {
 *   const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 *   const guard = createUpgradeGuard({ verifier, sessions })
 *   const toApi = forward('https://api.internal:8443', { prefix: '/api' })
 *   return createServer().on('upgrade', async (request, socket, head) => {
 *     if ((await guard(request, socket)) !== undefined) await toApi(request, socket, head)
 *   })
 * }
 * ```
 */
export function forward(
  upstream: string | URL,
  options?: ForwardOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void> {
  const forwarder = createForwarder(upstream, options)
  return async (request, socket, head) => {
    const visit = visits.get(request)
    const guarded = toGuardedRequest(request, socket)
    // A client that disconnects meanwhile must not end the process.
    socket.on('error', () => {})
    try {
      sendUpgraded(await forwarder.upgrade(guarded, visit), request, socket, head)
    } catch (error) {
      if (socket.destroyed) return
      const { answer: refusal, log } = (visit?.guard ?? unguarded).refuse(error, guarded)
      answer(refusal, socket)
      const { onRefused = reportFailure } = visit ?? {}
      onRefused(log, request)
    }
  }
}

function toGuardedRequest(request: IncomingMessage, socket: Duplex): GuardedRequest {
  return fromIncoming(request, request, { ...withoutBody, connection: () => socket })
}

/**
 * Lets the WebSocket's library send the close frame when the user's token or session ends. Pending messages then
 * arrive first, and the library knows the code. Without this call, the guard writes the frame to the connection itself.
 *
 * @param request The request of the handshake: Node's own, or Fastify's.
 * @example
 * ```ts
 * import websocket from '@fastify/websocket'
 * import { createVerifier } from 'cloakwright'
 * import { cloakwright, requireUser } from 'cloakwright/fastify'
 * import { closeOnEnd } from 'cloakwright/websocket'
 * import Fastify from 'fastify'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const app = Fastify()
 * await app.register(websocket)
 * await app.register(cloakwright, { verifier })
 *
 * app.get('/feed', { websocket: true, onRequest: requireUser() }, (socket, request) => {
 *   closeOnEnd(socket, request)
 *   socket.send('hello')
 * })
 * ```
 */
export function closeOnEnd(
  socket: ClosableSocket,
  request: IncomingMessage | { readonly raw: IncomingMessage },
): void {
  closeBy('raw' in request ? request.raw : request, socket)
}

function noUser(): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_MISSING', 'Request: no bearer token, no session and no ticket', {
    hint: 'Send Authorization: Bearer TOKEN',
  })
}

function answer({ status, headers, body }: Answer, socket: Duplex): void {
  const fields = Object.entries({
    ...headers,
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
  })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
  ]
  socket.once('finish', () => socket.destroy())
  socket.on('error', () => {})
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
