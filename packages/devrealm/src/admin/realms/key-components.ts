import { addKey, type NewKey, usage } from '../../crypto/index.ts'
import type { RealmKey } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { javaOrder } from '../../text/index.ts'
import { nothing } from '../body/index.ts'
import { badRequest, duplicate, notFound, refused } from '../errors.ts'
import { type ComponentBody, componentShape, secretMask } from '../representations/index.ts'
import { type AdminApi, created, needs, ok } from '../request/index.ts'
import { checkedConfig, givenMaterial, isKeyProvider } from './key-config.ts'

export const keyProviderType = 'org.keycloak.keys.KeyProvider'

/** `components`: the embedded realm has those of type KeyProvider. */
export function componentRoutes(api: AdminApi): void {
  const list = api.resource('').below('/components')
  list.get('', needs.viewRealm, ({ realm, query }) => {
    const [type, name, parent] = ['type', 'name', 'parent'].map((parameter) => query.text(parameter))
    const found = realm.keys
      .values()
      .map((key) => componentOf(realm, key))
      .filter(
        (component) =>
          (type === undefined || component['providerType'] === type) &&
          (name === undefined || component['name'] === name) &&
          (parent === undefined || component['parentId'] === parent),
      )
    return ok(found)
  })
  list.post('', needs.manageRealm, componentShape, ({ realm, body, url }) =>
    created(`${url}/${addComponent(realm, body).providerId}`),
  )
  const path = '/:componentId'
  const find = (realm: RealmStore, id: string | undefined): Readonly<RealmKey> => {
    const found = realm.keys.values().find((key) => key.providerId === id)
    if (found === undefined) throw notFound('Could not find component')
    return found
  }
  list.get(path, needs.viewRealm, ({ realm, params }) =>
    ok(componentOf(realm, find(realm, params['componentId']))),
  )
  list.put(path, needs.manageRealm, componentShape, ({ realm, params, body }) => {
    updateComponent(realm, find(realm, params['componentId']), body)
    return undefined
  })
  list.delete(path, needs.manageRealm, nothing, ({ realm, params }) => {
    realm.keys.delete(find(realm, params['componentId']).id)
    return undefined
  })
}

/**
 * Adds the key provider of a component.
 *
 * @param isExport whether it is from a realm file, which has the private keys
 * @throws {AdminError} 400 with Keycloak's message
 */
export function addComponent(realm: RealmStore, body: ComponentBody, isExport = false): Readonly<RealmKey> {
  const { id, name, providerId, config = {} } = body
  if (providerId === 'java-keystore' && (isExport || body.providerType === keyProviderType)) {
    throw refused('The key provider java-keystore is not in the embedded realm: use rsa with privateKey')
  }
  if (!isKeyProvider(providerId) || (!isExport && body.providerType !== keyProviderType)) {
    throw badRequest('Invalid provider type or no such provider')
  }
  if (id !== undefined && realm.keys.values().some((key) => key.providerId === id)) throw duplicate()
  const checked = checkedConfig(providerId, config)
  const material = givenMaterial(realm, providerId, config, isExport)
  const key: NewKey = {
    provider: providerId,
    config: checked,
    ...(name === undefined ? {} : { name }),
    ...(id === undefined ? {} : { id }),
    ...(material === undefined ? {} : { material }),
  }
  return addKey(realm, key)
}

/** Members of the configuration that the body lacks are kept. A change of size or curve makes a new key. */
function updateComponent(realm: RealmStore, key: Readonly<RealmKey>, body: ComponentBody): void {
  const provider = key.provider ?? 'rsa-generated'
  if (body.providerId !== undefined && body.providerId !== provider) {
    throw refused('The embedded realm cannot change the provider of a component: delete it and add another')
  }
  const given = body.config ?? {}
  const config = checkedConfig(provider, { ...key.config, ...given })
  const before = JSON.stringify(shapeOf(key.config))
  const privateKey = given['privateKey']?.[0]
  const isNew =
    provider.startsWith('rsa') && !provider.endsWith('generated')
      ? privateKey !== undefined && privateKey !== secretMask
      : JSON.stringify(shapeOf(config)) !== before
  const name = body.name ?? key.name
  if (!isNew) {
    realm.keys.put({ ...key, ...(name === undefined ? {} : { name }), config, ...usage(provider, config) })
    return
  }
  const material = givenMaterial(realm, provider, given, false)
  realm.keys.delete(key.id)
  addKey(realm, {
    provider,
    config,
    id: key.providerId,
    ...(name === undefined ? {} : { name }),
    ...(material === undefined ? {} : { material }),
  })
}

function shapeOf(config: RealmKey['config']): unknown {
  return [
    'keySize',
    'secretSize',
    'ecdsaEllipticCurveKey',
    'ecdhEllipticCurveKey',
    'eddsaEllipticCurveKey',
  ].map((name) => config?.[name]?.[0])
}

function componentOf(realm: RealmStore, key: Readonly<RealmKey>): Record<string, unknown> {
  const isImported = key.provider === 'rsa' || key.provider === 'rsa-enc'
  const certificate = key.certificate === undefined ? [] : [key.certificate]
  const config: Record<string, readonly string[]> = {
    ...(isImported ? { privateKey: [secretMask], certificate } : {}),
    ...key.config,
  }
  return {
    id: key.providerId,
    ...(key.name === undefined ? {} : { name: key.name }),
    providerId: key.provider,
    providerType: keyProviderType,
    parentId: realm.info.id,
    config: Object.fromEntries(javaOrder(Object.keys(config)).map((name) => [name, config[name]])),
  }
}
