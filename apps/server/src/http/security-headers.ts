import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * Security headers of every answer. The policy allows nothing but our own style sheet and forms; `keycloak` is named
 * because browsers check `form-action` against the redirects of a form too, and signing out leads there.
 */
export async function securityHeaders(
  app: FastifyInstance,
  origins: { publicUrl: string; keycloak: string },
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'", origins.keycloak],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: origins.publicUrl.startsWith('https:') ? { maxAge: 31_536_000 } : false,
    referrerPolicy: { policy: 'same-origin' },
    // An origin of our own: nothing of it is for other sites to embed.
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })
}
