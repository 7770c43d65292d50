import type { RealmStore } from '../../store/index.ts'
import type { Shape } from '../body/index.ts'
import { addClient } from '../clients/index.ts'
import { AdminError, conflict, missing, unforeseen, wrongType } from '../errors.ts'
import { addGroup, groupByPath } from '../groups/index.ts'
import { leftOutOfClient, refuseLeftOut } from '../left-out/index.ts'
import {
  type ClientBody,
  clientShape,
  type GroupBody,
  groupShape,
  type RealmContents,
  type RoleBody,
  rolesShape,
  type UserBody,
  userShape,
} from '../representations/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'
import { addNamedComposites, addRole } from '../roles/index.ts'
import { importUser } from './realm-import.ts'

type Policy = 'SKIP' | 'FAIL' | 'OVERWRITE'
type Body = RealmContents & { ifResourceExists?: string }

/** `POST partialImport`: clients, roles, groups and users at once, all or nothing. */
export function partialImportRoute(api: AdminApi): void {
  const realm = api.resource('')
  realm.post('/partialImport', needs.manageRealm, partialImportShape, async (call) => {
    const results = await importParts(call.realm, call.body)
    const clients = call.body.clients ?? []
    refuseLeftOut(clients.flatMap((client, index) => leftOutOfClient(client, `clients[${index}].`)))
    const count = (action: string): number => results.filter((result) => result.action === action).length
    return ok({ overwritten: 0, added: count('ADDED'), skipped: count('SKIPPED'), results })
  })
}

const partialImportShape: Shape<Body> = {
  name: 'PartialImportRepresentation',
  lenient: true,
  opaque: true,
  members: {
    ifResourceExists: 'string',
    users: [userShape],
    clients: [clientShape],
    groups: [groupShape],
    roles: rolesShape,
  },
}

interface Result {
  action: 'ADDED' | 'SKIPPED'
  resourceType: string
  resourceName: string
  id: string
}

/** One object to import: its name, whether it exists, and how to add it. */
interface Part {
  readonly resourceType: string
  readonly name: string
  readonly existing: string | undefined
  /** The id that Keycloak reports: for a client role, the id of the client. */
  readonly shownId?: string | undefined
  readonly taken: string
  /** Fails if Keycloak cannot report the skipped object. */
  skip?(): void
  add(): string | Promise<string>
}

async function importParts(realm: RealmStore, body: Body): Promise<Result[]> {
  const policy = (body.ifResourceExists ?? 'FAIL') as Policy
  if (!['SKIP', 'FAIL'].includes(policy)) {
    throw wrongType()
  }
  const results: Result[] = []
  for (const part of partsOf(realm, body)) {
    const { resourceType, name: resourceName, existing, shownId } = part
    if (existing !== undefined && policy === 'FAIL') throw conflict(part.taken)
    if (existing === undefined) {
      const id = await addPart(part)
      results.push({ action: 'ADDED', resourceType, resourceName, id: shownId ?? id })
    } else {
      part.skip?.()
      results.push({ action: 'SKIPPED', resourceType, resourceName, id: shownId ?? existing })
    }
  }
  return results
}

/** The database rejects duplicates in one request. */
async function addPart(part: Part): Promise<string> {
  try {
    return await part.add()
  } catch (error) {
    throw error instanceof AdminError && error.status === 409 ? conflict('Duplicate resource error') : error
  }
}

/** In dependency order; whether an object exists is checked when its turn comes. */
function* partsOf(realm: RealmStore, body: Body): Generator<Part> {
  for (const client of body.clients ?? []) yield clientPart(realm, client)
  for (const role of body.roles?.realm ?? []) yield rolePart(realm, role)
  for (const [clientId, roles] of Object.entries(body.roles?.client ?? {})) {
    for (const role of roles) yield rolePart(realm, role, clientId)
  }
  for (const group of body.groups ?? []) yield groupPart(realm, group)
  yield* (body.users ?? []).map((user) => userPart(realm, user))
}

function clientPart(realm: RealmStore, client: ClientBody): Part {
  const name = client.clientId ?? ''
  return {
    resourceType: 'CLIENT',
    name,
    existing: realm.clientByName.get(name)?.id,
    taken: `Client id '${name}' already exists`,
    add: () => addClient(realm, client).id,
  }
}

function rolePart(realm: RealmStore, role: RoleBody, clientId?: string): Part {
  const client = clientId === undefined ? undefined : realm.clientByName.get(clientId)
  if (clientId !== undefined && client === undefined) throw missing()
  const name = role.name ?? ''
  return {
    resourceType: clientId === undefined ? 'REALM_ROLE' : 'CLIENT_ROLE',
    name: clientId === undefined ? name : `${clientId}-->${name}`,
    existing: realm.role(name, client?.id)?.id,
    shownId: client?.id,
    taken:
      clientId === undefined
        ? `Realm role '${name}' already exists.`
        : `Client role '${name}' for client '${clientId}' already exists.`,
    add: () => {
      const made = addRole(realm, role, client?.id)
      addNamedComposites(realm, made, role)
      return made.id
    },
  }
}

function groupPart(realm: RealmStore, group: GroupBody): Part {
  const { name = '', path } = group
  const found = (): string | undefined => (path === undefined ? undefined : groupByPath(realm, path)?.id)
  return {
    resourceType: 'GROUP',
    name,
    existing: found(),
    taken: `Group '${path}' already exists`,
    add: () => {
      addGroup(realm, group, undefined, true)
      // Keycloak looks for the new group by the path in the body, and fails if there is none.
      const id = found()
      if (id === undefined) throw unforeseen()
      return id
    },
  }
}

/** All users are checked for existence before the first is added. */
function userPart(realm: RealmStore, user: UserBody): Part {
  if (user.username === undefined) throw unforeseen()
  const byName = realm.userByName.get(user.username.toLowerCase())
  const { email } = user
  const isTaken = email !== undefined && !realm.info.duplicateEmailsAllowed
  const byEmail = isTaken ? realm.userByEmail.get(email.toLowerCase()) : undefined
  return {
    resourceType: 'USER',
    name: user.username,
    existing: byName?.id ?? byEmail?.id,
    taken: `User with user name ${user.username} already exists.`,
    skip() {
      // Keycloak finds that the e-mail exists, and then looks for the user by name.
      if (byName === undefined) throw unforeseen()
    },
    add: () => importUser(realm, user),
  }
}
