import { createPrivateKey, createPublicKey } from 'node:crypto'
import { allKeys } from '../../crypto/index.ts'
import type { RealmKey } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { notFound } from '../errors.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'

/** A realm's keys: `/keys`, and as components. */
export function keyRoutes(api: AdminApi): void {
  const resource = api.resource('')
  resource.get('/keys', needs.viewRealm, async ({ realm }) => {
    const keys = await allKeys(realm)
    return ok({
      active: Object.fromEntries(keys.map((key) => [key.algorithm, key.kid])) as Record<string, string>,
      keys: keys.map(keyOf),
    })
  })
  resource.get('/components', needs.viewRealm, async ({ realm, query }) => {
    const [type, name, parent] = ['type', 'name', 'parent'].map((parameter) => query.text(parameter))
    const found = (await componentsOf(realm)).filter(
      (component) =>
        (type === undefined || component.providerType === type) &&
        (name === undefined || component.name === name) &&
        (parent === undefined || component.parentId === parent),
    )
    return ok(found)
  })
  resource.get('/components/:componentId', needs.viewRealm, async ({ realm, params }) => {
    const found = (await componentsOf(realm)).find((component) => component.id === params['componentId'])
    if (found === undefined) throw notFound('Could not find component')
    return ok(found)
  })
}

const keyProviders: Record<RealmKey['algorithm'], { name: string; algorithm?: string; type: string }> = {
  'RSA-OAEP': { name: 'rsa-enc-generated', algorithm: 'RSA-OAEP', type: 'RSA' },
  RS256: { name: 'rsa-generated', type: 'RSA' },
  HS512: { name: 'hmac-generated', algorithm: 'HS512', type: 'OCT' },
  AES: { name: 'aes-generated', type: 'OCT' },
}

function keyOf(key: Readonly<RealmKey>): Record<string, unknown> {
  const publicKey =
    key.privateKey === undefined
      ? undefined
      : createPublicKey(createPrivateKey(key.privateKey))
          .export({ type: 'spki', format: 'der' })
          .toString('base64')
  return {
    providerId: key.providerId,
    providerPriority: key.priority,
    kid: key.kid,
    status: 'ACTIVE',
    type: keyProviders[key.algorithm].type,
    algorithm: key.algorithm,
    ...(publicKey === undefined ? {} : { publicKey, certificate: key.certificate }),
    use: key.use,
    ...(key.validTo === undefined ? {} : { validTo: key.validTo }),
  }
}

async function componentsOf(realm: RealmStore) {
  return (await allKeys(realm)).map((key) => {
    const { name, algorithm } = keyProviders[key.algorithm]
    return {
      id: key.providerId,
      name: key.algorithm === 'HS512' ? 'hmac-generated-hs512' : name,
      providerId: name,
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm.info.id,
      config: {
        priority: [String(key.priority)],
        ...(algorithm === undefined ? {} : { algorithm: [algorithm] }),
      },
    }
  })
}
