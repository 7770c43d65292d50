import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { closeBy } from '../guard/index.ts'
import type { Head } from './exchange.ts'
import type { Forwarded } from './forward.ts'
import { Frames } from './frames.ts'
import type { ClientHeaders } from './headers.ts'

/**
 * Sends the upstream's response to a handshake, and connects both sides if it accepts the WebSocket. When the guard ends
 * the socket, the client gets a close frame between two frames of the upstream.
 *
 * @param head What the client has sent after the handshake.
 */
export function sendUpgraded(
  { status, headers, body, upgraded }: Forwarded & Pick<Head, 'upgraded'>,
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  client.on('error', () => {})
  if (client.destroyed) return void (upgraded?.connection ?? body).destroy()
  if (upgraded === undefined) {
    client.write(toHead(status, { ...headers, connection: 'close' }), 'latin1')
    body.once('close', () => (body.complete ? client.end() : client.destroy()))
    body.pipe(client, { end: false })
    client.once('finish', () => client.destroy())
    return
  }
  const peer = upgraded.connection
  peer.on('error', () => {})
  for (const one of [client, peer] as Socket[]) {
    one.setTimeout?.(0)
    one.setNoDelay?.(true)
    one.setKeepAlive?.(true, 60_000)
  }
  client.write(toHead(status, { ...headers, connection: 'Upgrade', upgrade: 'websocket' }), 'latin1')
  connect(incoming, client, peer, upgraded.head)
  if (head.length > 0) peer.write(head)
  client.pipe(peer)
}

function connect(incoming: IncomingMessage, client: Duplex, peer: Duplex, head: Buffer): void {
  const frames = new Frames()
  let closeFrame: Buffer | undefined
  const finish = (): void => {
    peer.destroy()
    client.end(closeFrame)
  }
  const pass = (chunk: Buffer): void => {
    const end = closeFrame === undefined ? undefined : frames.endOf(chunk)
    if (end === undefined) frames.follow(chunk)
    if (!client.write(end === undefined || end === -1 ? chunk : chunk.subarray(0, end))) peer.pause()
    if (end !== undefined && end !== -1) finish()
  }
  closeBy(incoming, {
    close(code, reason) {
      const text = Buffer.from(reason)
      closeFrame = Buffer.concat([Buffer.of(0x88, text.length + 2, code >> 8, code & 0xff), text])
      // What the client still sends is read, so that the end of the connection arrives, and dropped.
      client.unpipe(peer)
      client.resume()
      if (frames.isAtEnd) finish()
    },
  })
  if (head.length > 0) pass(head)
  peer.on('data', pass)
  client.on('drain', () => peer.resume())
  peer.once('end', () => client.end())
  peer.once('close', () => (client as Socket).destroySoon())
  client.once('close', () => peer.destroy())
}

function toHead(status: number, headers: ClientHeaders): string {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  for (const [name, values] of Object.entries(headers))
    for (const value of [values].flat()) lines.push(`${name}: ${value}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}
