import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'

/** The status for Node's errors of a request that it cannot read, as Node itself would send it. */
const statusOf: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/**
 * Answers a request that never reaches the application. If its headers are too large, usually because of a token with many
 * roles, the log says so: without this line, the user sees an error and the operator sees nothing.
 */
export function answerUnreadable(
  error: NodeJS.ErrnoException,
  socket: Duplex & { destroySoon?(): void },
  log: FastifyBaseLogger,
): void {
  const status = statusOf[error.code ?? ''] ?? 400
  if (status === 431)
    log.warn({ status, maxHeaderSize, hint: raise }, 'refused a request with too large headers')
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const title = STATUS_CODES[status]
  const problem = { type: 'about:blank', title, status, detail: detailOf(status), code: `HTTP_${status}` }
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon?.()
}

const raise =
  'Leave roles and groups that this service does not need out of the token (Client scopes in Keycloak). To accept larger headers, set NODE_OPTIONS=--max-http-header-size=32768, and the same limit at each proxy.'

function detailOf(status: number): string {
  return status === 431
    ? `The headers of the request are larger than ${maxHeaderSize} bytes`
    : 'The request cannot be read'
}
