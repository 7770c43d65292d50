import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Why a WebSocket is closed: a code of RFC 6455 §7.4 and a reason, both sent to the client. */
export interface SocketEnd {
  readonly code: number
  readonly reason: string
}

/** The reasons that a guard uses; 44xx are HTTP's 401 and 403 in the range for applications (4000–4999). */
export const socketEnds: Readonly<
  Record<'tokenExpired' | 'tokenRevoked' | 'sessionEnded' | 'forbidden' | 'unavailable', SocketEnd>
> = {
  tokenExpired: { code: 4401, reason: 'token expired' },
  tokenRevoked: { code: 4401, reason: 'token revoked' },
  sessionEnded: { code: 4401, reason: 'session ended' },
  forbidden: { code: 4403, reason: 'access withdrawn' },
  // Registered with IANA as "Try Again Later".
  unavailable: { code: 1013, reason: 'try again later' },
}

/** A library's WebSocket, with the members that are needed to close it. */
export interface ClosableSocket {
  close(code: number, reason: string): void
}

/** Milliseconds for the client to respond to the close frame. */
const grace = 500

/** WebSockets that their libraries close themselves, by the request that opened them. */
const closable = new WeakMap<IncomingMessage, ClosableSocket>()

/** Lets the socket's library send the close frame; without this, the guard writes it to the connection. */
export function closeBy(incoming: IncomingMessage, socket: ClosableSocket): void {
  closable.set(incoming, socket)
}

/** Closes a WebSocket: first its close frame, then the connection, whether or not the client responds. */
export function closeSocket(incoming: IncomingMessage, connection: Duplex, end: SocketEnd): void {
  if (connection.destroyed) return
  const socket = closable.get(incoming)
  if (socket !== undefined) socket.close(end.code, end.reason)
  else if (!writeClose(connection, end)) return
  const timer = setTimeout(() => connection.destroy(), grace)
  timer.unref()
  connection.once('close', () => clearTimeout(timer))
}

/**
 * Writes a server's close frame (RFC 6455 §5.5.1) and ends the connection. Libraries write whole frames, and a close
 * frame may be sent between the frames of one message (§5.4), so the client receives it correctly.
 */
function writeClose(connection: Duplex, { code, reason }: SocketEnd): boolean {
  connection.on('error', () => {})
  // Nothing was written yet: there was no response to the handshake, and a frame is not a valid one.
  if ((connection as { readonly bytesWritten?: number }).bytesWritten === 0) {
    connection.destroy()
    return false
  }
  // Further data of the client is ignored, but still read, so that the end of the connection arrives.
  connection.removeAllListeners('data')
  connection.resume()
  const text = Buffer.from(reason)
  connection.end(Buffer.concat([Buffer.of(0x88, text.length + 2, code >> 8, code & 0xff), text]))
  return true
}
