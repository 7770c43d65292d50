import type { FastifyRequest } from 'fastify'
import { masterName } from '../../defaults/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { AdminError, forbidden, refused } from '../errors.ts'
import { recordEvent, recordsAdminEvents } from '../events/index.ts'
import { leftOutOfRealm, refuseLeftOut } from '../left-out/index.ts'
import { realmOf } from '../realms/index.ts'
import { type RealmBody, realmShape } from '../representations/index.ts'
import {
  type AdminApi,
  type AdminRouteConfig,
  bodyOf,
  type Caller,
  callerOf,
  created,
  managementClient,
  sendAnswer,
  urlOf,
} from '../request/index.ts'
import { importRealm } from './realm-import.ts'

/** Maximum body size in bytes: a realm export is larger than Fastify's default of 1 MB. */
const importLimit = 64 * 1024 * 1024

/** `POST /admin/realms`: adds a realm, also from a full export. */
export function createRealmRoute({ app, context }: AdminApi): void {
  const config: AdminRouteConfig = { shape: realmShape }
  app.post('/admin/realms', { bodyLimit: importLimit, config }, async (request, reply) => {
    const caller = await callerOf(context, request)
    const role = caller.realm.info.realm === masterName ? caller.realm.role('create-realm') : undefined
    if (role === undefined || !caller.roles.has(role.id)) throw forbidden()
    const body = readRealm(request)
    const realm = await context.store.atomically(async () => {
      const made = await importRealm(context.store, body)
      refuseLeftOut(leftOutOfRealm(body))
      giveToCreator(caller, made)
      return made
    })
    if (recordsAdminEvents(caller.realm)) {
      const event = {
        operation: 'CREATE',
        type: 'REALM',
        path: realm.info.realm,
        representation: realmOf(realm),
      } as const
      recordEvent({ context, realm: caller.realm, caller, request }, event)
    }
    return sendAnswer(reply, created(`${urlOf(context, request)}/${encodeURIComponent(realm.info.realm)}`))
  })
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

/** A caller who creates a realm without being a global administrator can administer it. */
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
