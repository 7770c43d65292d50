import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { SessionEngine } from '../../session/index.ts'
import { sendProblem } from './problem.ts'
import { type AnyReply, ours, toGuardedRequest } from './request.ts'

/** Maximum size in bytes of a form for the session routes; a logout token has about two thousand. */
const bodyLimit = 64 * 1024

/** Registers the session engine below its path, in its own scope: only forms are read, and only here. */
export function mountSessions(app: FastifyInstance, sessions: SessionEngine): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    const form = 'application/x-www-form-urlencoded'
    scope.addContentTypeParser(form, { parseAs: 'buffer', bodyLimit }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.setErrorHandler(sendProblem)
    scope.route({
      method: ['GET', 'POST'],
      url: `${sessions.basePath}/*`,
      exposeHeadRoute: false,
      schema: { hide: true } as object,
      config: ours,
      handler: async (request, reply) => {
        const response = await sessions.handle(toWebRequest(request))
        if (response === undefined) return reply.callNotFound()
        return sendResponse(response, reply)
      },
    })
    done()
  })
}

/** Sends a web response as the reply, each of its cookies as a separate header. */
export async function sendResponse(response: Response, reply: AnyReply): Promise<AnyReply> {
  reply.code(response.status)
  for (const [name, value] of response.headers) if (name !== 'set-cookie') reply.header(name, value)
  for (const cookie of response.headers.getSetCookie()) reply.header('set-cookie', cookie)
  const body = Buffer.from(await response.arrayBuffer())
  return body.byteLength === 0 ? reply.send() : reply.send(body)
}

function toWebRequest(request: FastifyRequest): Request {
  const headers = new Headers()
  const raw = request.raw.rawHeaders
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string
    if (!name.startsWith(':')) headers.append(name, raw[at + 1] as string)
  }
  const body = Buffer.isBuffer(request.body) ? new Uint8Array(request.body) : null
  const { url, method } = toGuardedRequest(request)
  return new Request(url, { method, headers, body })
}
