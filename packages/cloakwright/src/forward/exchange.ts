import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { CloakwrightError } from '../errors.ts'
import type { Body } from './body.ts'
import { notForwarded, upstreamFailed } from './errors.ts'
import type { RawHeaders } from './headers.ts'
import type { Upstream } from './options.ts'

/** A request as the upstream gets it. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: RawHeaders
  readonly body?: Body | undefined
  /** Whether it is the handshake of a WebSocket. */
  readonly isHandshake?: boolean | undefined
  /** Calls back when the client has gone away, or has its whole response. */
  readonly onGone: (callback: () => void) => void
}

/** The head of the upstream's response. */
export interface Head {
  readonly response: IncomingMessage
  /** The connection of a WebSocket that the upstream has accepted, and what it has sent there already. */
  readonly upgraded?: { readonly connection: Duplex; readonly head: Buffer } | undefined
}

/**
 * Sends one request and resolves to the head of the response. If the upstream has just closed a connection that was kept
 * alive, a GET or HEAD is sent again, on another one. Any other request may have been executed already.
 *
 * @throws {CW_UPSTREAM_UNAVAILABLE} 502, or 504 after a timeout.
 * @throws {CW_FORWARD_REFUSED} The client went away, or its body broke off.
 */
export async function exchange(upstream: Upstream, outgoing: Outgoing): Promise<Head> {
  const attempt = new Attempt(upstream, outgoing)
  try {
    return await attempt.head
  } catch (error) {
    if (!attempt.wasStale || !repeatable.has(outgoing.method)) throw error
    return await new Attempt(upstream, outgoing).head
  }
}

const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD'])

class Attempt {
  readonly head: Promise<Head>
  /** Whether the upstream had closed a connection that was kept alive. */
  wasStale = false
  readonly #request: ClientRequest
  readonly #body: Body | undefined
  readonly #origin: string
  #response: IncomingMessage | undefined
  #stopped = false
  #reject: (error: CloakwrightError) => void = () => {}

  constructor(upstream: Upstream, { method, path, headers, body, isHandshake, onGone }: Outgoing) {
    this.#body = body
    this.#origin = upstream.origin
    const request = upstream.open({ method, path, headers: headers as string[], timeout: upstream.timeout })
    this.#request = request
    this.head = new Promise((resolve, reject) => {
      this.#reject = reject
      const begin = (response: IncomingMessage, upgraded?: Head['upgraded']): void => {
        this.#response = response
        // Whoever sends the response on notices that it breaks off by the event `close`.
        response.on('error', () => {})
        resolve({ response, upgraded })
      }
      request.once('response', (response) => {
        const { statusCode = 0 } = response
        if (statusCode >= 200 && statusCode < 600) begin(response)
        else this.#stop(upstreamFailed(this.#origin, 'its status is not one of HTTP'))
      })
      request.once('upgrade', (response, connection, head) => {
        if (isHandshake === true && response.headers.upgrade?.toLowerCase() === 'websocket')
          return begin(response, { connection, head })
        connection.destroy()
        this.#reject(upstreamFailed(this.#origin, 'it switched to a protocol that was not requested'))
      })
    })
    request.on('timeout', () => this.#onTimeout())
    request.on('error', (error: NodeJS.ErrnoException) => {
      this.wasStale = !this.#stopped && request.reusedSocket && error.code === 'ECONNRESET'
      const why = `the connection failed (${error.code ?? error.name})`
      this.#reject(upstreamFailed(this.#origin, why, { cause: error }))
    })
    request.once('close', () => {
      this.#reject(upstreamFailed(this.#origin, 'it closed the connection without a response'))
    })
    onGone(() =>
      this.#stop(
        notForwarded('the client closed the connection', 'This is usual: a user has left the page.'),
      ),
    )
    if (body?.content instanceof Uint8Array) request.end(body.content)
    else if (body === undefined) request.end()
    else this.#send(body)
  }

  /** Once the response has begun, it may take any time: a stream of events, a long download. */
  #onTimeout(): void {
    if (this.#response !== undefined) return
    const request = this.#request
    // While the client sends nothing, the upstream cannot respond; the timeouts of the server end that.
    if (this.#body !== undefined && !request.writableEnded && !request.writableNeedDrain) return
    this.#stop(upstreamFailed(this.#origin, 'it did not respond in time', { status: 504 }))
  }

  #stop(error: CloakwrightError): void {
    this.#stopped = true
    this.#reject(error)
    if (this.#response?.complete !== true) this.#request.destroy()
  }

  /** Sends the body at the upstream's pace. A body of another length than announced would be the start of another request. */
  #send({ content, length }: Body): void {
    const request = this.#request
    const source = content as NodeJS.ReadableStream & { readonly readableEnded: boolean }
    const brokenOff = (): void => this.#stop(notForwarded('its body broke off', 'Send the whole body.'))
    let left = length ?? Infinity
    source.on('data', (chunk: Uint8Array) => {
      left -= chunk.byteLength
      // After an early response, the rest is only read, so that the client gets that response.
      if (request.destroyed) return
      if (left < 0) return brokenOff()
      if (!request.write(chunk)) source.pause()
    })
    request.on('drain', () => source.resume())
    request.once('close', () => source.resume())
    source.once('end', () => {
      if (left > 0 && left !== Infinity) brokenOff()
      else request.end()
    })
    source.on('error', brokenOff)
    source.once('close', () => {
      if (!source.readableEnded) brokenOff()
    })
  }
}
