import { allKeys, isActive, type LoadedKey } from '../../crypto/index.ts'
import { javaOrder } from '../../text/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'

/** A realm's keys: `/keys`. */
export function keyRoutes(api: AdminApi): void {
  api.resource('').get('/keys', needs.viewRealm, async ({ realm }) => {
    const keys = await allKeys(realm)
    const active = new Map<string, string>()
    for (const { kid, stored } of keys) {
      if (isActive(stored) && !active.has(stored.algorithm)) active.set(stored.algorithm, kid)
    }
    return ok({
      active: Object.fromEntries(javaOrder([...active.keys()]).map((name) => [name, active.get(name)])),
      keys: keys.map(keyOf),
    })
  })
}

function keyOf({ kid, verifier, stored }: LoadedKey): Record<string, unknown> {
  const isSecret = verifier.type === 'secret'
  const publicKey = isSecret ? undefined : verifier.export({ type: 'spki', format: 'der' }).toString('base64')
  const { certificate, validTo } = stored
  return {
    providerId: stored.providerId,
    providerPriority: stored.priority,
    kid,
    status: stored.enabled === false ? 'DISABLED' : isActive(stored) ? 'ACTIVE' : 'PASSIVE',
    type: isSecret ? 'OCT' : types[verifier.asymmetricKeyType ?? ''],
    algorithm: stored.algorithm,
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(certificate === undefined ? {} : { certificate }),
    use: stored.use,
    ...(validTo === undefined ? {} : { validTo }),
  }
}

const types: Readonly<Record<string, string>> = { rsa: 'RSA', ec: 'EC', ed25519: 'OKP', ed448: 'OKP' }
