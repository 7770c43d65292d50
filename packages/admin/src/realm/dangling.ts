import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../client/index.ts'
import { createGroupFinder, findClientUuid, findRoleOf } from '../lookup/index.ts'
import type { RealmDefinition } from './definition/index.ts'
import {
  isBuiltIn,
  type ObjectTarget,
  outwardReferences,
  type ProviderTarget,
  type Reference,
  type Target,
} from './definition/index.ts'

/**
 * The references of a definition to what neither it nor the realm has. Of a realm that is not there yet, what Keycloak
 * makes with every realm counts. Each object is asked for once, and only if the definition does not declare it.
 */
export async function danglingReferences(
  admin: Admin,
  definition: RealmDefinition,
  isThere: boolean,
): Promise<readonly Reference[]> {
  const references = outwardReferences(definition)
  const lookup = createLookup(admin, definition.realm, isThere)
  const found = await Promise.all(references.map(({ target }) => lookup(target)))
  return references.filter((_, index) => found[index] === false)
}

/** @throws {CW_REALM_MISMATCH} with every one of these references, if there are any */
export function refuseDangling(realm: string, dangling: readonly Reference[]): void {
  if (dangling.length === 0) return
  const lines = dangling.map(({ path, target }) => `${path}: no ${titleOf(target)}`)
  throw new CloakwrightError(
    'CW_REALM_MISMATCH',
    `The definition of ${realm} refers to objects that do not exist:\n  ${lines.join('\n  ')}`,
    {
      hint: 'Correct the names, declare the objects in the definition, or create them in the realm. Nothing was changed.',
    },
  )
}

function titleOf(target: Target): string {
  if (target.kind === 'client role') return `role ${target.name} of client ${target.clientId}`
  return `${target.kind} ${target.name}`
}

type Lookup = (target: Target) => Promise<boolean>

function createLookup(admin: Admin, realm: string, isThere: boolean): Lookup {
  const known = new Map<string, Promise<boolean>>()
  const once = remembered()
  const look: Lookup = async (target) => {
    if (isProvider(target)) return await hasProvider(admin, isThere ? realm : 'master', target, once)
    return isThere ? await isInRealm(admin, realm, target, once) : isBuiltIn(realm, target)
  }
  return (target) => {
    const key = JSON.stringify(target)
    const pending = known.get(key) ?? look(target)
    known.set(key, pending)
    return pending
  }
}

/** Lists that several lookups read: each is asked for once. */
type Once = <T>(name: string, read: () => Promise<T>) => Promise<T>

function remembered(): Once {
  const lists = new Map<string, Promise<unknown>>()
  return <T>(name: string, read: () => Promise<T>) => {
    const pending = (lists.get(name) as Promise<T> | undefined) ?? read()
    lists.set(name, pending)
    return pending
  }
}

async function isInRealm(admin: Admin, realm: string, target: ObjectTarget, once: Once): Promise<boolean> {
  const { client } = admin
  const { authenticationManagement: management } = client
  switch (target.kind) {
    case 'realm role':
      return (await findRoleOf({ client, realm }, undefined, target.name)) !== undefined
    case 'client':
      return (await findClientUuid({ client, realm }, target.name)) !== undefined
    case 'client role': {
      const { clientId, name } = target
      const id = await once(`client ${clientId}`, () => findClientUuid({ client, realm }, clientId))
      return id !== undefined && (await findRoleOf({ client, realm }, id, name)) !== undefined
    }
    case 'client scope': {
      const scopes = await once('client scopes', () => client.clientScopes.find({ realm }))
      return scopes.some(({ name }) => name === target.name)
    }
    case 'group':
      return (await createGroupFinder(admin, realm).find(target.name)) !== undefined
    case 'authentication flow': {
      const flows = await once('flows', () => management.getFlows({ realm }))
      return flows.some(({ alias }) => alias === target.name)
    }
    case 'required action': {
      const actions = await once('actions', () => management.getRequiredActions({ realm } as never))
      return actions.some(({ alias }) => alias === target.name)
    }
  }
}

function isProvider(target: Target): target is ProviderTarget {
  return ['authenticator', 'client authenticator', 'form action'].includes(target.kind)
}

/** Whether the server has this provider; where it does not say which it has, Keycloak finds out when it is applied. */
async function hasProvider(
  { client: { authenticationManagement: management } }: Admin,
  realm: string,
  { kind, name }: ProviderTarget,
  once: Once,
): Promise<boolean> {
  const providers = await once(kind, async () => {
    const list = {
      authenticator: () => management.getAuthenticatorProviders({ realm } as never),
      'client authenticator': () => management.getClientAuthenticatorProviders({ realm } as never),
      'form action': () => management.getFormActionProviders({ realm } as never),
    }[kind]()
    return (await isForbidden(list)) ? undefined : await list
  })
  return providers === undefined || providers.some(({ id }) => id === name)
}

async function isForbidden(request: Promise<unknown>): Promise<boolean> {
  try {
    await request
    return false
  } catch (error) {
    if (error instanceof CloakwrightError && error.code === 'CW_ADMIN_FORBIDDEN') return true
    throw error
  }
}
