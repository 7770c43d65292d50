import { requireUser, sessionOf } from 'cloakwright/fastify'
import type { SessionEngine } from 'cloakwright/session'
import { Type } from 'typebox'
import { type App, ClientError } from '../http/index.ts'
import { problem } from './schemas.ts'

const time = Type.String({ format: 'date-time' })
const Listed = Type.Object({
  id: Type.String(),
  current: Type.Boolean({ description: 'Whether it is the session of this request' }),
  device: Type.String({ description: 'Browser and system, as it named itself at the login' }),
  address: Type.Optional(Type.String({ description: 'The IP address at the login' })),
  signedInAt: time,
  lastSeenAt: time,
})

const unauthorized = problem('Not authenticated: no session')
/** These routes are about sessions: a bearer token has none. */
const secured = [{ session: [] }]

/** Where the user is signed in, with the functions of the session engine. */
export function sessionRoutes(app: App, sessions: SessionEngine): void {
  app.get(
    '/me/sessions',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'Where I am signed in, this session first',
        tags: ['me'],
        security: secured,
        response: { 200: Type.Object({ items: Type.Array(Listed) }), 401: unauthorized },
      },
    },
    async (request) => {
      const session = sessionOf(request)
      const listed = session === undefined ? [] : await sessions.list(session)
      return {
        items: listed.map(({ id, current, browser, system, address, createdAt, lastSeenAt }) => ({
          id,
          current,
          device: [browser ?? 'Unknown browser', ...(system === undefined ? [] : [system])].join(', '),
          ...(address === undefined ? {} : { address }),
          signedInAt: new Date(createdAt).toISOString(),
          lastSeenAt: new Date(lastSeenAt).toISOString(),
        })),
      }
    },
  )
  app.delete(
    '/me/sessions',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'End all my sessions but this one',
        tags: ['me'],
        security: secured,
        response: { 200: Type.Object({ ended: Type.Integer() }), 401: unauthorized },
      },
    },
    async (request) => {
      const session = sessionOf(request)
      return { ended: session === undefined ? 0 : await sessions.endOthers(session) }
    },
  )
  app.delete(
    '/me/sessions/:id',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'End one of my sessions',
        tags: ['me'],
        security: secured,
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) }),
        response: {
          204: Type.Null({ description: 'Ended, on every replica within a second' }),
          401: unauthorized,
          404: problem('I have no session with this id'),
        },
      },
    },
    async (request, reply) => {
      const session = sessionOf(request)
      if (session === undefined || !(await sessions.end(session, request.params.id)))
        throw new ClientError(404, 'NOT_FOUND', 'You have no session with this id')
      return reply.code(204).send(null)
    },
  )
}
