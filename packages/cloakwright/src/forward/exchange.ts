import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { CloakwrightError } from '../errors.ts'
import type { Body } from './body.ts'
import { notForwarded, upstreamFailed } from './errors.ts'
import type { Upstream } from './options.ts'

/** A request as the upstream gets it. */
export interface Outgoing {
  readonly method: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: Body | undefined
  /** Whether it is the handshake of a WebSocket. */
  readonly isHandshake: boolean
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
export function exchange(upstream: Upstream, outgoing: Outgoing): Promise<Head> {
  return new Promise((resolve, reject) => {
    const mayRepeat = outgoing.method === 'GET' || outgoing.method === 'HEAD'
    new Attempt(upstream, outgoing, resolve, reject, mayRepeat).start()
  })
}

/** One object for each request: its functions are called with it, so that few closures are created. */
class Attempt {
  readonly #upstream: Upstream
  readonly #outgoing: Outgoing
  readonly #resolve: (head: Head) => void
  readonly #reject: (error: CloakwrightError) => void
  readonly #request: ClientRequest
  readonly #mayRepeat: boolean
  #response: IncomingMessage | undefined
  /** Whether there is a result, or another attempt that will have one. */
  #isOver = false

  constructor(
    upstream: Upstream,
    outgoing: Outgoing,
    resolve: (head: Head) => void,
    reject: (error: CloakwrightError) => void,
    mayRepeat: boolean,
  ) {
    this.#upstream = upstream
    this.#outgoing = outgoing
    this.#resolve = resolve
    this.#reject = reject
    this.#mayRepeat = mayRepeat
    this.#request = upstream.open(outgoing.method, outgoing.path, outgoing.headers)
  }

  start(): void {
    const { body, onGone } = this.#outgoing
    const request = this.#request
    request.once('response', (response) => this.#onResponse(response))
    request.once('upgrade', (response, connection, head) => this.#onUpgrade(response, connection, head))
    request.on('timeout', () => this.#onTimeout())
    request.on('error', (error) => this.#onError(error))
    request.once('close', () => {
      if (!this.#isOver) this.#fail('it closed the connection without a response')
    })
    onGone(() => {
      if (this.#response?.complete === true) return
      this.#stop(notForwarded('the client closed the connection', 'This is usual: a user has left the page.'))
    })
    if (body?.content instanceof Uint8Array) request.end(body.content)
    else if (body === undefined) request.end()
    else this.#send(body)
  }

  #onResponse(response: IncomingMessage): void {
    const { statusCode = 0 } = response
    if (statusCode >= 200 && statusCode < 600) this.#begin(response)
    else this.#stop(upstreamFailed(this.#upstream.origin, 'its status is not one of HTTP'))
  }

  #onUpgrade(response: IncomingMessage, connection: Duplex, head: Buffer): void {
    const { isHandshake } = this.#outgoing
    if (isHandshake && response.headers.upgrade?.toLowerCase() === 'websocket')
      return this.#begin(response, { connection, head })
    connection.destroy()
    this.#fail('it switched to a protocol that was not requested')
  }

  #begin(response: IncomingMessage, upgraded?: Head['upgraded']): void {
    this.#response = response
    this.#isOver = true
    // Whoever sends the response on notices that it breaks off by the event `close`.
    response.on('error', ignore)
    this.#resolve({ response, upgraded })
  }

  #onError(error: NodeJS.ErrnoException): void {
    if (this.#isOver) return
    if (!this.#mayRepeat || !this.#request.reusedSocket || error.code !== 'ECONNRESET')
      return this.#fail(`the connection failed (${error.code ?? error.name})`, { cause: error })
    this.#isOver = true
    new Attempt(this.#upstream, this.#outgoing, this.#resolve, this.#reject, false).start()
  }

  #fail(why: string, details?: { readonly status?: 504; readonly cause?: unknown }): void {
    this.#isOver = true
    this.#reject(upstreamFailed(this.#upstream.origin, why, details))
  }

  /** Once the response has begun, it may take any time: a stream of events, a long download. */
  #onTimeout(): void {
    if (this.#response !== undefined) return
    const request = this.#request
    // While the client sends nothing, the upstream cannot respond; the timeouts of the server end that.
    if (this.#outgoing.body !== undefined && !request.writableEnded && !request.writableNeedDrain) return
    this.#stop(upstreamFailed(this.#upstream.origin, 'it did not respond in time', { status: 504 }))
  }

  #stop(error: CloakwrightError): void {
    this.#isOver = true
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

function ignore(): void {}
