import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'

/** One line per request, without the query string: that of a callback contains a code. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { method, url, ip, log } = request
    const [path] = url.split('?', 1)
    const milliseconds = Math.round(reply.elapsedTime * 100) / 100
    const line = { method, path, status: reply.statusCode, milliseconds, ip }
    if (error) log.warn({ ...line, err: error }, 'request aborted')
    else log.info(line, 'request')
  }
}
