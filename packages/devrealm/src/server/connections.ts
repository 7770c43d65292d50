import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Milliseconds. A realm of 64 MB arrives in far less; what comes a byte at a time is ended. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 }
/** A client or a proxy in front may keep its connections open a minute. */
const keepAliveTimeout = 72_000
/** Connections of one listening address; more are closed at once. */
const maxConnections = 1_000
/** Bytes of an unread body above which its connection is closed. */
const shortBody = 64 * 1024

/** A server whose clients can't hold it up: requests end in time, connections are bounded, a body is asked for when it is wanted. */
export function createBoundedServer(handle: RequestListener): Server {
  const server = createServer({ ...limits, keepAliveTimeout }, handle)
  server.maxConnections = maxConnections
  server.on('checkContinue', handle)
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refuse(error.code, socket))
  return server
}

/** What goes with {@link createBoundedServer} in each request. */
export function boundBodies(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply) => {
    // RFC 9110 §10.1.1: whoever was refused before has not sent it.
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
 * Closed at once, a connection would break for a client that still sends, before it has read the response (RFC 9112 §9.6). So what
 * comes is passed over until the client is done, or its request out of time.
 */
function closeGently(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end()
    socket.setTimeout(limits.headersTimeout)
  }
}

/** A request that could not be read: its connection can't be used again, and the client must know. */
function refuse(code: string | undefined, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  socket.end(head, () => socket.destroy())
}
