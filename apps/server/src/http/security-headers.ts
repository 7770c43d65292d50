import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * Security headers of every response. The policy allows only our own style sheet and forms. `keycloak` is included
 * because browsers check `form-action` against the redirects of a form too, and signing out redirects there.
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
    // A separate origin: other sites may not embed anything of it.
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })
}
