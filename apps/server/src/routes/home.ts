import { allowAnonymous } from 'cloakwright/fastify'
import type { Config } from '../config/index.ts'
import type { App } from '../http/index.ts'
import { homePage, style } from '../pages/index.ts'

/** Roles that Keycloak gives to every user; they are not shown. */
const everyones = /^(?:default-roles-.*|offline_access|uma_authorization)$/

/** The page at `/`, and its style sheet. */
export function homeRoutes(app: App, config: Config): void {
  const around = {
    keycloak: `${config.keycloak.server}/`,
    realm: config.keycloak.realm,
    demo: !config.production,
    docs: config.exposed.includes('docs'),
  }
  app.get('/', { onRequest: allowAnonymous(), schema: { hide: true } }, (request, reply) => {
    const { user } = request
    const viewer = user && {
      username: user.username ?? user.subject,
      email: user.email,
      roles: user.realmRoles.filter((role) => !everyones.test(role)),
    }
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(homePage(viewer, around))
  })
  app.get('/style.css', { schema: { hide: true }, logLevel: 'warn' }, (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=300').send(style),
  )
}
