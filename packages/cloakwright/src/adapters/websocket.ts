import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import {
  type Answer,
  createGuard,
  type Framework,
  fromIncoming,
  type GuardOptions,
  type LogEntry,
} from '../guard/index.ts'
import { type Policy, user as anyUser } from '../policy/index.ts'
import type { AccessToken } from '../token/index.ts'

/** What the guard of upgrades works with. */
export interface UpgradeGuardOptions extends GuardOptions {
  /** Hears of each refusal, with the exact reason for the log. */
  readonly onRefused?: ((entry: LogEntry, request: IncomingMessage) => void) | undefined
  /** Whether the connection ends with the token that opened it; `true` by default. */
  readonly endWithToken?: boolean | undefined
}

/**
 * Decides on one upgrade: resolves to the user; or to `undefined`, and then the client has its answer and the
 * connection is closed.
 */
export type UpgradeGuard = (
  request: IncomingMessage,
  socket: Duplex,
  policy?: Policy,
) => Promise<AccessToken | undefined>

/**
 * Guards WebSocket upgrades of Node's HTTP server (RFC 6455 §4.2.2): the token comes in the handshake's Authorization
 * field, and the connection ends when it expires.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createVerifier } from 'cloakwright'
 * import { createUpgradeGuard } from 'cloakwright/websocket'
 * import { WebSocketServer } from 'ws'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 * const guard = createUpgradeGuard({ verifier })
 * const sockets = new WebSocketServer({ noServer: true })
 *
 * createServer().on('upgrade', async (request, socket, head) => {
 *   const user = await guard(request, socket)
 *   if (user === undefined) return
 *   sockets.handleUpgrade(request, socket, head, (ws) => ws.send(`hello ${user.username}`))
 * })
 * ```
 */
export function createUpgradeGuard(options: UpgradeGuardOptions): UpgradeGuard {
  const guard = createGuard(options)
  const any = anyUser()
  return async (request, socket, policy = any) => {
    const guarded = fromIncoming(request, request, handshake)
    // A client that goes away meanwhile must not end the process.
    const ignore = (): void => {}
    socket.on('error', ignore)
    const admission = await guard.admit(guarded, policy, false)
    socket.off('error', ignore)
    if (socket.destroyed) return undefined
    if (admission.kind === 'admitted') {
      if (admission.user !== undefined && (options.endWithToken ?? true))
        endWith(admission.user, socket, options.verifier.clock)
      return admission.user
    }
    if (admission.kind === 'refused') {
      answer(admission.answer, socket)
      options.onRefused?.(admission.log, request)
    }
    return undefined
  }
}

/** A handshake has no body, and no framework that names it. */
const handshake: Framework<IncomingMessage> = { form: () => undefined, id: () => undefined }

/** The longest time that a timer of Node can wait. */
const longestTimer = 2 ** 31 - 1

function endWith(token: AccessToken, socket: Duplex, clock: Clock): void {
  const wait = (): NodeJS.Timeout => {
    const left = (token.expiresAt + clock.tolerance) * 1000 - clock.now()
    return left > longestTimer
      ? setTimeout(() => (timer = wait()), longestTimer).unref()
      : setTimeout(() => socket.destroy(), Math.max(0, left)).unref()
  }
  let timer = wait()
  socket.once('close', () => clearTimeout(timer))
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
