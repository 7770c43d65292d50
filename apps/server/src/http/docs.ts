import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** The OpenAPI document; registered before the routes that it describes. */
export async function openApi(app: FastifyInstance, publicUrl: string, cookieName: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Cloakwright reference service',
        version: '0.1.0',
        description:
          'Sign in above and try the routes with your session, or press Authorize and paste an access token of the realm.',
      },
      servers: [{ url: publicUrl }],
      tags: [{ name: 'messages' }, { name: 'me' }, { name: 'notes' }, { name: 'operations' }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'An access token of the realm',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: cookieName,
            description: 'The session cookie. Requests that change data must also send the header X-CSRF: 1.',
          },
        },
      },
    },
  })
}

/** Runs in the browser: adds the proof that a request comes from this page and not from a form elsewhere. */
function addProof<T>(request: T): T {
  Object.assign((request as { headers: object }).headers, { 'X-CSRF': '1' })
  return request
}

/** Runs in the browser: adds a line with sign in or out above the document. */
const signInLine = `
addEventListener('DOMContentLoaded', async () => {
  const line = document.createElement('p')
  line.className = 'sign-in'
  // Unlike a route of the API, this does not extend the session.
  const session = await fetch('/auth/session').catch(() => undefined)
  if (session?.ok) {
    const { username, subject } = await session.json()
    line.textContent = 'Signed in as ' + (username ?? subject) + '. Requests from this page use your session.'
  } else {
    const link = document.createElement('a')
    link.href = '/auth/login?returnTo=/docs'
    link.textContent = 'Sign in'
    line.append(link, ' to try the routes with a session.')
  }
  document.body.prepend(line)
})
`

const signInStyle = `
.sign-in { margin: 0; padding: .75rem 1.25rem; font: 1rem/1.5 system-ui, sans-serif; background: #eef4fb; color: #16202c; }
.sign-in a { color: #0b5cab; font-weight: 600; }
`

/** `/docs`: the API document, with requests to try with the session or a token. */
export async function docsPage(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Nothing is loaded from elsewhere. Swagger UI sets style attributes itself, hence 'unsafe-inline' for styles only.
    staticCSP:
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    uiConfig: {
      deepLinking: true,
      displayRequestDuration: true,
      requestInterceptor: addProof,
    },
    theme: {
      title: 'Cloakwright API',
      js: [{ filename: 'sign-in.js', content: signInLine }],
      css: [{ filename: 'sign-in.css', content: signInStyle }],
    },
  })
}
