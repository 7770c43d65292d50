import { seconds } from '../../context/index.ts'
import { masterName, removeRealm } from '../../defaults/index.ts'
import type { RealmStore, Store } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { conflict, forbidden, refused } from '../errors.ts'
import { leftOutOfSettings, refuseLeftOut } from '../left-out/index.ts'
import { realmShape } from '../representations/index.ts'
import {
  type Access,
  type AdminApi,
  accessTo,
  type Caller,
  callerOf,
  isVisitor,
  managementClient,
  needs,
  ok,
  Query,
  sendAnswer,
} from '../request/index.ts'
import { defaultGroupsOf, putBody } from './realm-put.ts'
import { briefRealmOf, changedSettings, realmOf, withoutEmpty } from './realm-settings.ts'

/** Realms: `/admin/realms`, and a realm itself. */
export function realmRoutes(api: AdminApi): void {
  const { app, context } = api
  app.get('/admin/realms', async (request, reply) => {
    const caller = await callerOf(context, request)
    const brief = new Query(request.query as Record<string, unknown>).flag('briefRepresentation') ?? false
    const shown = context.store.realms().flatMap((realm) => {
      const access = reach(caller, realm)
      if (access === undefined || !isVisitor(access)) return []
      if (!needs.viewRealm(access)) return [{ realm: realm.info.realm }]
      return [brief ? briefRealmOf(realm) : realmOf(realm)]
    })
    if (shown.length === 0) throw forbidden()
    return sendAnswer(reply, ok(shown))
  })
  const one = api.resource('')
  one.get('', isVisitor, ({ realm, access }) =>
    ok(needs.viewRealm(access) ? realmOf(realm) : limited(realm, access)),
  )
  one.put('', needs.manageRealm, realmShape, ({ store, realm, body }) => {
    const changes = { ...changedSettings(realm, putBody(realm, body)), ...defaultGroupsOf(realm, body) }
    refuseLeftOut(leftOutOfSettings(body), leftOutOfSettings(realm.info as typeof body))
    if (changes.realm !== undefined && changes.realm !== realm.info.realm) rename(store, realm, changes.realm)
    realm.update(withoutEmpty({ ...realm.info, ...changes }))
    return undefined
  })
  one.delete('', needs.manageRealm, nothing, ({ store, realm }) => {
    if (realm.info.realm === masterName) throw refused("Can't remove master realm")
    removeRealm(store, realm)
    return undefined
  })
  one.get('/identity-provider/instances', needs.viewIdentityProviders, () => ok([]))
  one.get('/localization', isVisitor, ({ realm: { info } }) => ok(info['supportedLocales'] ?? []))
  one.get('/credential-registrators', needs.viewRealm, () =>
    ok([
      'CONFIGURE_TOTP',
      'webauthn-register',
      'webauthn-register-passwordless',
      'CONFIGURE_RECOVERY_AUTHN_CODES',
    ]),
  )
  one.post('/logout-all', needs.manageUsers, nothing, (call) => {
    const { realm } = call
    realm.update({ ...realm.info, notBefore: seconds(call.context) })
    for (const session of realm.sessions.values()) realm.sessions.delete(session.id)
    return ok({})
  })
  // Only obsolete adapters listened to it.
  one.post('/push-revocation', needs.manageRealm, nothing, () => ok({}))
}

function reach(caller: Caller, realm: RealmStore): Access | undefined {
  try {
    return accessTo(caller, realm)
  } catch {
    return undefined
  }
}

/** What any caller with some role in the realm may see. */
function limited(realm: RealmStore, access: Access): Record<string, unknown> {
  const { info } = realm
  return {
    realm: info.realm,
    ...(needs.queryUsers(access) ? { registrationEmailAsUsername: info.registrationEmailAsUsername } : {}),
    bruteForceProtected: info.bruteForceProtected,
    supportedLocales: info['supportedLocales'] ?? [],
    organizationsEnabled: info['organizationsEnabled'],
  }
}

/** The name of a realm also appears in its client in master and in the URLs of its own clients. */
function rename(store: Store, realm: RealmStore, name: string): void {
  const before = realm.info.realm
  if (store.realm(name) !== undefined) throw conflict('Realm with same name exists')
  const client = managementClient(store.realm(masterName) ?? realm, realm)
  if (client !== undefined && before !== masterName) {
    store.realm(masterName)?.clients.put({ ...client, clientId: `${name}-realm` })
  }
  for (const own of realm.clients.values()) {
    const moved = (url: string): string =>
      url
        .replace(`/realms/${before}/account/`, `/realms/${name}/account/`)
        .replace(`/admin/${before}/console/`, `/admin/${name}/console/`)
    const changed = {
      ...own,
      redirectUris: own.redirectUris.map(moved),
      ...(own.baseUrl === undefined ? {} : { baseUrl: moved(own.baseUrl) }),
    }
    if (JSON.stringify(changed) !== JSON.stringify(own)) realm.clients.put(changed)
  }
}
