import { randomBytes } from 'node:crypto'
import { type RealmContext, seconds } from '../../context/index.ts'
import type { Client } from '../../model/index.ts'
import { rotated, rotatedSecretOf, rotationOf, withoutRotated } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { badRequest, notFound } from '../errors.ts'
import { userOf } from '../representations/index.ts'
import { needs, ok, type Resource } from '../request/index.ts'

/** A client's secret, the one before it, and its service account. */
export function clientSecretRoutes(one: Resource<Readonly<Client>>): void {
  const show = (secret: string | undefined): Record<string, unknown> => ({
    type: 'secret',
    ...(secret === undefined ? {} : { value: secret }),
  })
  one.get('/client-secret', needs.viewClients, ({ found }) => ok(show(found.secret)))
  one.post('/client-secret', needs.manageClients, nothing, ({ context, realm, found }) =>
    ok(show(renewSecret(context, realm, found))),
  )
  one.get('/client-secret/rotated', needs.viewClients, ({ found }) => {
    const secret = rotatedSecretOf(found)
    if (secret === undefined) throw notFound('Client does not have a rotated secret')
    return ok(show(secret))
  })
  one.delete('/client-secret/rotated', needs.manageClients, nothing, ({ realm, found }) => {
    realm.clients.put({ ...found, attributes: withoutRotated(found) })
    return undefined
  })
  one.get('/service-account-user', needs.viewClients, ({ realm, found }) => {
    const user = realm.serviceAccount(found.id)
    if (user === undefined) throw badRequest(`Service account not enabled for the client '${found.clientId}'`)
    return ok(userOf(realm, user))
  })
}

/** Sets a new secret for a client. The old one becomes invalid, unless a client policy keeps it for a time. */
function renewSecret(context: RealmContext, realm: RealmStore, client: Readonly<Client>): string {
  const secret = newSecret()
  const rotation = rotationOf(context, realm, client)
  const attributes = rotated(client, client.secret, rotation, seconds(context))
  realm.clients.put({ ...client, secret, attributes })
  return secret
}

/** Confidential clients have a secret, public ones do not. */
export function withSecret(realm: RealmStore, client: Client): Client {
  const { secret, ...rest } = client
  if (client.publicClient) return rest as Client
  if (secret !== undefined) return client
  const time = String(Math.floor(realm.now() / 1000))
  return {
    ...rest,
    secret: newSecret(),
    attributes: { ...client.attributes, 'client.secret.creation.time': time },
  } as Client
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** 86 letters and digits (512 bits), like Keycloak. */
function newSecret(): string {
  let secret = ''
  while (secret.length < 86) {
    for (const byte of randomBytes(128)) {
      // 248 is the largest multiple of 62 in a byte: larger values would favour some letters.
      if (byte < 248 && secret.length < 86) secret += letters[byte % 62]
    }
  }
  return secret
}
