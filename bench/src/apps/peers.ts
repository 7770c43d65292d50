import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import Fastify, { type FastifyRequest } from 'fastify'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import KeycloakConnect from 'keycloak-connect'
import { audience } from '../issuer.ts'
import { type App, bearerOf, greet, guest, type Realm } from './realm.ts'

// Each as in its documentation, with the same checks of issuer, audience and algorithm if it supports them.

/** jose by hand: its remote key set and `jwtVerify`. */
export function jose({ issuer, jwksUrl }: Realm): Promise<App> {
  const keys = createRemoteJWKSet(new URL(jwksUrl))
  return fastifyWith(async (request) => {
    const { payload } = await jwtVerify(bearerOf(request.raw), keys, {
      issuer,
      audience,
      algorithms: ['RS256'],
    })
    return payload['preferred_username']
  })
}

/** fast-jwt with the key given and no cache: its fastest way to verify. */
export function fastJwt(realm: Realm): Promise<App> {
  return fastJwtWith(realm, false)
}

/** fast-jwt with its cache, as large as Cloakwright's. */
export function fastJwtCached(realm: Realm): Promise<App> {
  return fastJwtWith(realm, 10_000)
}

export async function expressOauth2JwtBearer({ issuer, jwksUrl }: Realm): Promise<App> {
  const app = express()
  app.get('/open', (_request, response) => void response.json(greet(guest.username)))
  app.get(
    '/guarded',
    auth({ issuer, jwksUri: jwksUrl, audience, tokenSigningAlg: 'RS256' }),
    (request, response) => void response.json(greet(request.auth?.payload['preferred_username'])),
  )
  return app
}

/** The deprecated adapter, bearer-only, with its audience check on. */
export async function keycloakConnect({ issuer }: Realm): Promise<App> {
  const app = express()
  app.get('/open', (_request, response) => void response.json(greet(guest.username)))
  const config = {
    realm: 'shop',
    resource: audience,
    'auth-server-url': issuer.slice(0, issuer.indexOf('/realms/')),
    'bearer-only': true,
    'ssl-required': 'none',
    'confidential-port': 0,
    'verify-token-audience': true,
  }
  const keycloak = new KeycloakConnect({}, config)
  app.use(keycloak.middleware())
  app.get('/guarded', keycloak.protect(), (request, response) => {
    const { kauth } = request as unknown as {
      kauth: { grant: { access_token: { content: Record<string, unknown> } } }
    }
    response.json(greet(kauth.grant.access_token.content['preferred_username']))
  })
  return app
}

function fastJwtWith({ issuer, key }: Realm, cache: number | false): Promise<App> {
  const verify = createVerifier({
    key: key.export({ type: 'spki', format: 'pem' }),
    algorithms: ['RS256'],
    allowedIss: issuer,
    allowedAud: audience,
    cache,
  })
  return fastifyWith((request) => {
    const claims = verify(bearerOf(request.raw)) as { preferred_username: string }
    return claims.preferred_username
  })
}

async function fastifyWith(usernameOf: (request: FastifyRequest) => unknown): Promise<App> {
  const app = Fastify()
  app.get('/open', () => greet(guest.username))
  app.decorateRequest('username', undefined)
  const isAsync = usernameOf.constructor.name === 'AsyncFunction'
  app.get(
    '/guarded',
    {
      onRequest: isAsync
        ? async (request) => {
            named(request).username = await usernameOf(request)
          }
        : (request, _reply, done) => {
            named(request).username = usernameOf(request)
            done()
          },
    },
    (request) => greet(named(request).username),
  )
  await app.ready()
  return (request, response) => app.routing(request, response)
}

function named(request: FastifyRequest): { username: unknown } {
  return request as unknown as { username: unknown }
}
