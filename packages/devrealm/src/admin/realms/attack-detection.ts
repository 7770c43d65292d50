import { nothing } from '../body/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'

/** The login failures of a user. */
export function attackDetectionRoutes(api: AdminApi): void {
  const resource = api.resource('')
  const path = '/attack-detection/brute-force/users'
  resource.get(`${path}/:userId`, needs.viewUsers, ({ context, params }) => {
    const failures = context.failures.get(params['userId'] ?? '')
    return ok({
      failedLoginNotBefore: Math.floor((failures?.notBefore ?? 0) / 1000),
      numFailures: failures?.count ?? 0,
      numTemporaryLockouts: failures?.temporaryLockouts ?? 0,
      disabled: failures !== undefined && context.now() < failures.notBefore,
      numSecondaryAuthFailures: 0,
      lastIPFailure: failures?.lastIp ?? 'n/a',
      lastFailure: failures?.lastFailure ?? 0,
    })
  })
  resource.delete(`${path}/:userId`, needs.manageUsers, nothing, ({ context, params }) => {
    context.failures.clear(params['userId'] ?? '')
    return undefined
  })
  resource.delete(path, needs.manageUsers, nothing, ({ context, realm }) => {
    for (const user of realm.users.values()) context.failures.clear(user.id)
    return undefined
  })
}
