import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { End } from '../ends.ts'

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
export function closeSocket(incoming: IncomingMessage, connection: Duplex, end: End): void {
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
function writeClose(connection: Duplex, { code, reason }: End): boolean {
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
