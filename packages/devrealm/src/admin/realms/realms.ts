import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type RealmContext, seconds } from '../../context/realm-context.ts'
import { masterName, removeRealm } from '../../defaults/new-realm.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import type { Store } from '../../store/store.ts'
import { isEnabled, recordEvent } from '../events/admin-events.ts'
import { importRealm } from '../import/import.ts'
import { partialImportRoutes } from '../import/partial-import.ts'
import { type RealmBody, realmShape } from '../representations/realm-fields.ts'
import { type Access, accessTo, type Caller, isVisitor, managementClient, needs } from '../request/access.ts'
import { AdminError, conflict, forbidden, refused } from '../request/errors.ts'
import { Query } from '../request/query.ts'
import {
  type AdminRouteConfig,
  answer,
  bodyOf,
  callerOf,
  created,
  Family,
  none,
  nothing,
  ok,
  urlOf,
} from '../request/router.ts'
import { defaultGroupsOf, putBody } from './realm-put.ts'
import { briefRealmOf, changedSettings, realmOf, withoutEmpty } from './realm-settings.ts'

/** Bytes of a body: a whole realm is longer than Fastify's default of 1 MB. */
const importLimit = 64 * 1024 * 1024

/** Realms: `/admin/realms`, and a realm itself. */
export function realmRoutes(app: FastifyInstance, context: RealmContext): void {
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
    return answer(reply, ok(shown))
  })
  const config: AdminRouteConfig = { shape: realmShape }
  app.post('/admin/realms', { bodyLimit: importLimit, config }, async (request, reply) => {
    const caller = await callerOf(context, request)
    const role = caller.realm.info.realm === masterName ? caller.realm.role('create-realm') : undefined
    if (role === undefined || !caller.roles.has(role.id)) throw forbidden()
    const body = readRealm(request)
    const realm = await context.store.atomically(async () => {
      const made = await importRealm(context.store, body)
      giveToCreator(caller, made)
      return made
    })
    if (isEnabled(caller.realm)) {
      const event = {
        operation: 'CREATE',
        type: 'REALM',
        path: realm.info.realm,
        representation: realmOf(realm),
      } as const
      recordEvent({ context, realm: caller.realm, caller, request }, event)
    }
    return answer(reply, created(`${urlOf(context, request)}/${encodeURIComponent(realm.info.realm)}`))
  })

  const one = new Family(app, context, '', none)
  one.get('', isVisitor, ({ realm, access }) =>
    ok(needs.viewRealm(access) ? realmOf(realm) : limited(realm, access)),
  )
  one.put('', needs.manageRealm, realmShape, ({ store, realm, body }) => {
    const changes = { ...changedSettings(realm, putBody(realm, body)), ...defaultGroupsOf(realm, body) }
    if (changes.realm !== undefined && changes.realm !== realm.info.realm) rename(store, realm, changes.realm)
    realm.update(withoutEmpty({ ...realm.info, ...changes }))
    return undefined
  })
  one.delete('', needs.manageRealm, nothing, ({ store, realm }) => {
    if (realm.info.realm === masterName) throw refused("Can't remove master realm")
    removeRealm(store, realm)
    return undefined
  })
  one.post('/logout-all', needs.manageUsers, nothing, (call) => {
    const { realm } = call
    realm.update({ ...realm.info, notBefore: seconds(call.context) })
    for (const session of realm.sessions.values()) realm.sessions.delete(session.id)
    return ok({})
  })
  // Only adapters that are gone today listened to it.
  one.post('/push-revocation', needs.manageRealm, nothing, () => ok({}))
  partialImportRoutes(app, context)
}

function reach(caller: Caller, realm: RealmStore): Access | undefined {
  try {
    return accessTo(caller, realm)
  } catch {
    return undefined
  }
}

/** What anybody with some right in the realm may know of it. */
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

function readRealm(request: FastifyRequest): RealmBody {
  try {
    return bodyOf(realmShape, request)
  } catch (error) {
    if (error instanceof AdminError && error.status !== 415)
      throw refused('unable to read contents from stream')
    throw error
  }
}

/** Whoever made a realm without being an administrator of all may administer it. */
function giveToCreator(caller: Caller, realm: RealmStore): void {
  const master = caller.realm
  const admin = master.role('admin')
  const user = master.users.get(caller.user.id)
  if (user === undefined || (admin !== undefined && caller.roles.has(admin.id))) return
  const client = managementClient(master, realm)
  const roles = client === undefined ? [] : master.rolesOfClient.all(client.id)
  const ids = roles.filter((role) => role.name !== 'impersonation').map((role) => role.id)
  master.users.put({ ...user, roles: [...user.roles, ...ids] })
}

/** A realm's name is in master's client for it, and in its own clients' addresses. */
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
