import type { FastifyInstance } from 'fastify'
import type { SessionRoutes } from '../../guard/index.ts'
import { sendProblem, sendRefusal } from './problem.ts'
import { type AnyReply, ours, toGuardedRequest } from './request.ts'

/** Maximum size in bytes of a form for the session routes; a logout token has about two thousand. */
const bodyLimit = 64 * 1024

/** Registers the session engine below its path, in its own scope: only forms are read, and only here. */
export function mountSessions(app: FastifyInstance, routes: SessionRoutes): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    const form = 'application/x-www-form-urlencoded'
    scope.addContentTypeParser(form, { parseAs: 'buffer', bodyLimit }, (_request, body, parsed) =>
      parsed(null, body),
    )
    // A saved form: its body is only sent on by a redirect, and not read here.
    scope.addContentTypeParser('multipart/form-data', (_request, _payload, parsed) => parsed(null))
    scope.setErrorHandler(sendProblem)
    scope.route({
      // The engine says which of them its routes allow.
      method: scope.supportedMethods,
      url: `${routes.prefix}*`,
      exposeHeadRoute: false,
      schema: { hide: true } as object,
      config: ours,
      handler: async (request, reply) => {
        const answer = await routes.answer(toGuardedRequest(request))
        if (answer === undefined) return reply.callNotFound()
        return answer.kind === 'refused'
          ? sendRefusal(answer, request, reply)
          : sendResponse(answer.response, reply)
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
