import { requireRole, requireUser, userOf } from 'cloakwright/fastify'
import type { Users } from '../database/index.ts'
import type { App } from '../http/index.ts'
import { Message, problem, secured } from './schemas.ts'

/** Three messages that differ only in who may read them. */
export function messageRoutes(app: App, users: Users): void {
  app.get(
    '/public',
    { schema: { summary: 'For everyone', tags: ['messages'], response: { 200: Message } } },
    () => ({ message: 'Hello world, public content here!' }),
  )
  app.get(
    '/secure-data',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'For everyone who is signed in',
        tags: ['messages'],
        security: secured,
        response: { 200: Message, 401: problem('Not authenticated: no valid token and no session') },
      },
    },
    (request) => {
      const user = userOf(request)
      users.see(user)
      return { message: `Hello ${user.username ?? user.subject}, secure content here!` }
    },
  )
  app.get(
    '/admin-data',
    {
      onRequest: requireRole('admin'),
      schema: {
        summary: 'For the role admin',
        tags: ['messages'],
        security: secured,
        response: {
          200: Message,
          401: problem('Not authenticated: no valid token and no session'),
          403: problem('The role admin is missing'),
        },
      },
    },
    (request) => {
      const user = userOf(request)
      users.see(user)
      return { message: `Hello ${user.username ?? user.subject}, admin content here!` }
    },
  )
}
