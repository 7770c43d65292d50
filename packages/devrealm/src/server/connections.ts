import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Milliseconds. A realm of 64 MB takes far less; slow-sending clients are disconnected. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 }
/** Milliseconds; longer than the minute for which clients and proxies often keep connections open. */
const keepAliveTimeout = 72_000
/** Maximum connections per listening address; further ones are closed at once. */
const maxConnections = 1_000
/** Size of an unread body, in bytes, above which the connection is closed. */
const shortBody = 64 * 1024

/**
 * A server that clients cannot block: requests time out, connections are limited, and a body is requested only when it is
 * needed.
 */
export function createBoundedServer(handle: RequestListener): Server {
  const server = createServer({ ...limits, keepAliveTimeout }, handle)
  server.maxConnections = maxConnections
  server.on('checkContinue', handle)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(error.code, socket))
  return server
}

/** The per-request part of {@link createBoundedServer}. */
export function boundBodies(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply) => {
    // RFC 9110 §10.1.1: a client that was rejected before has not sent the body.
    if (request.headers.expect?.toLowerCase() === '100-continue') reply.raw.writeContinue()
  })
  app.addHook('onSend', async (request, reply) => {
    const isChunked = request.headers['transfer-encoding'] !== undefined
    const isLong = isChunked || Number(request.headers['content-length'] ?? 0) > shortBody
    if (!isLong || request.raw.complete) return
    reply.header('connection', 'close')
    closeGently(request.raw.socket)
  })
}

/**
 * If the connection were closed at once, a client that is still sending could lose the response (RFC 9112 §9.6). So the body is
 * discarded until the client is done or the request times out.
 */
function closeGently(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end()
    socket.setTimeout(limits.headersTimeout)
  }
}

/** For a malformed request: the connection cannot be reused, and the client must know. */
function refuse(code: string | undefined, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  socket.end(head, () => socket.destroy())
}
