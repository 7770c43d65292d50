import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { groupOf } from '../representations/index.ts'
import { type AdminApi, type Call, needs, ok } from '../request/index.ts'

/** The default groups of new users: `/default-groups`. */
export function defaultGroupRoutes(api: AdminApi): void {
  const defaults = api.resource('/default-groups')
  defaults.get('', needs.viewRealm, ({ realm }) => {
    const groups = realm.info.defaultGroups.map((id) => realm.groups.get(id))
    return ok(groups.map((group) => group && groupOf(realm, group, { brief: true })))
  })
  const change = (call: Call, to: (ids: readonly string[], id: string) => string[]): undefined => {
    const id = call.params['groupId'] ?? ''
    if (call.realm.groups.get(id) === undefined) throw notFound('Group not found')
    call.realm.update({ ...call.realm.info, defaultGroups: to(call.realm.info.defaultGroups, id) })
    return undefined
  }
  defaults.put('/:groupId', needs.manageRealm, nothing, (call) =>
    change(call, (ids, id) => [...new Set([...ids, id])]),
  )
  defaults.delete('/:groupId', needs.manageRealm, nothing, (call) =>
    change(call, (ids, id) => ids.filter((each) => each !== id)),
  )
}
