import type { RequiredAction } from '../../model/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { requiredActionShape } from '../representations/index.ts'
import { type AdminApi, type AnyCall, needs, ok } from '../request/index.ts'

/** `/authentication/required-actions`. */
export function requiredActionRoutes(api: AdminApi): void {
  const list = api.resource('/authentication')
  list.get('/required-actions', needs.viewRequiredActions, ({ realm }) =>
    ok([...realm.info.requiredActions].sort((a, b) => a.priority - b.priority)),
  )
  list.get('/unregistered-required-actions', needs.viewRealm, () => ok([]))

  const one = api.resource('/authentication/required-actions/:alias')
  const found = ({ realm, params }: AnyCall): RequiredAction => {
    const action = realm.info.requiredActions.find((each) => each.alias === params['alias'])
    if (action === undefined) throw notFound('Failed to find required action')
    return action
  }
  one.get('', needs.viewRequiredActions, (call) => ok(found(call)))
  // The body replaces the action except its provider; without an alias in the body, the action has none.
  one.put('', needs.manageRealm, requiredActionShape, (call) => {
    const { body, realm } = call
    const action = found(call)
    const changed: RequiredAction = {
      alias: body.alias ?? '',
      name: body.name ?? '',
      providerId: action.providerId,
      enabled: body.enabled ?? false,
      defaultAction: body.defaultAction ?? false,
      priority: body.priority ?? 0,
      config: body.config ?? {},
    }
    const requiredActions = realm.info.requiredActions.map((each) => (each === action ? changed : each))
    realm.update({ ...realm.info, requiredActions })
    return undefined
  })
  one.delete('', needs.manageRealm, nothing, (call) => {
    const action = found(call)
    const { realm } = call
    realm.update({
      ...realm.info,
      requiredActions: realm.info.requiredActions.filter((each) => each !== action),
    })
    return undefined
  })
}
