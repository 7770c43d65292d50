import { RedisStore } from 'connect-redis'
import express from 'express'
import openid, { type ConfigParams } from 'express-openid-connect'
import { createClient } from 'redis'
import { type App, greet, guest, type Realm } from './realm.ts'
import { settings } from './settings.ts'

// Each as in its documentation.

/** express-openid-connect with its default store: all tokens in encrypted cookies. */
export async function openidConnect(realm: Realm): Promise<App> {
  return withOpenidConnect(realm, undefined)
}

/** express-openid-connect with connect-redis, as in its examples. */
export async function openidConnectInRedis(realm: Realm): Promise<App> {
  const client = createClient({ url: settings().redisUrl })
  await client.connect()
  // Its type of a store is that of an older express-session.
  return withOpenidConnect(realm, new RedisStore({ client }) as unknown as Store)
}

type Store = NonNullable<NonNullable<ConfigParams['session']>['store']>

function withOpenidConnect({ issuer }: Realm, store: Store | undefined): App {
  const { clientId, clientSecret, publicUrl, secret } = settings()
  const app = express()
  app.get('/open', (_request, response) => void response.json(greet(guest.username)))
  app.use(
    openid.auth({
      issuerBaseURL: issuer,
      baseURL: publicUrl,
      clientID: clientId,
      clientSecret,
      secret,
      authRequired: false,
      authorizationParams: { response_type: 'code', scope: 'openid profile' },
      ...(store === undefined ? {} : { session: { store } }),
    }),
  )
  app.get(
    '/guarded',
    openid.requiresAuth(),
    (request, response) => void response.json(greet(request.oidc.user?.['preferred_username'])),
  )
  return app
}
