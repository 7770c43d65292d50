import { requireUser, userOf } from 'cloakwright/fastify'
import { Type } from 'typebox'
import type { Users } from '../database/index.ts'
import type { App } from '../http/index.ts'
import { problem, secured } from './schemas.ts'

const Me = Type.Object({
  sub: Type.String({ description: "The user's id in the realm" }),
  username: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  roles: Type.Array(Type.String(), { description: 'Realm roles' }),
  clientRoles: Type.Array(Type.String(), { description: "Roles of this service's own client" }),
  scopes: Type.Array(Type.String()),
})

/** The caller, as identified by the service. */
export function meRoute(app: App, users: Users, clientId: string): void {
  app.get(
    '/me',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'Who I am',
        tags: ['me'],
        security: secured,
        response: { 200: Me, 401: problem('Not authenticated: no valid token and no session') },
      },
    },
    (request) => {
      const user = userOf(request)
      users.see(user)
      return {
        sub: user.subject,
        ...(user.username === undefined ? {} : { username: user.username }),
        ...(user.email === undefined ? {} : { email: user.email }),
        ...(user.name === undefined ? {} : { name: user.name }),
        roles: [...user.realmRoles],
        clientRoles: [...user.clientRoles(clientId)],
        scopes: [...user.scopes],
      }
    },
  )
}
