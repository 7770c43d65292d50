import { CloakwrightError } from 'cloakwright'
import type { Admin, RoleRepresentation } from '../client/index.ts'
import { all, items } from '../client/index.ts'
import type { RealmDefinition } from './definition/index.ts'

/** The names of a realm's roles. */
export interface RealmRoleNames {
  readonly realm: readonly string[]
  /** By client id; clients without roles are left out. */
  readonly clients: ReadonlyMap<string, readonly string[]>
}

/** The roles that a definition, or an export of Keycloak's, names. What every realm comes with is only there if it says so. */
export function definedRoleNames({ roles }: Pick<RealmDefinition, 'roles'>): RealmRoleNames {
  return {
    realm: namesOf(roles?.realm),
    clients: withRoles(
      Object.entries(roles?.client ?? {}).map(([client, list]) => [client, namesOf(list)] as const),
    ),
  }
}

/**
 * The roles that a live realm has, also those that every realm comes with. Asks once for each client.
 *
 * Needs the roles `view-realm` and `view-clients` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} No such realm.
 * @throws {CW_ADMIN_UNAVAILABLE}
 * @throws {CW_ADMIN_UNAUTHORIZED}
 * @throws {CW_ADMIN_FORBIDDEN}
 */
export async function readRoleNames({ client }: Admin, realm: string): Promise<RealmRoleNames> {
  if ((await client.realms.findOne({ realm })) == null)
    throw new CloakwrightError('CW_ADMIN_NOT_FOUND', `There is no realm ${realm}`, {
      hint: 'Name a realm that is there, or apply its definition first.',
    })
  const realmRoles = await all((page) => client.roles.find({ realm, ...page }))
  const clients: (readonly [string, readonly string[]])[] = []
  for await (const { id = '', clientId = '' } of items((page) => client.clients.find({ realm, ...page }))) {
    // The official client's type does not know the page.
    const list = (page: object): Promise<RoleRepresentation[]> =>
      client.clients.listRoles({ realm, id, ...page } as { realm: string; id: string })
    clients.push([clientId, namesOf(await all(list))])
  }
  return { realm: namesOf(realmRoles), clients: withRoles(clients) }
}

/**
 * A declaration file (`.d.ts`) that makes `cloakwright` take these roles and no others: a mistyped role does not compile.
 * The same roles give the same text, in alphabetical order.
 *
 * @example
 * ```ts
 * import { definedRoleNames, defineRealm, toRoleTypes } from '@cloakwright/admin/realm'
 *
 * const realm = defineRealm({ realm: 'shop', roles: { realm: [{ name: 'admin' }, { name: 'user' }] } })
 * console.log(toRoleTypes(definedRoleNames(realm)))
 * ```
 */
export function toRoleTypes({ realm, clients }: RealmRoleNames): string {
  const members = [...clients]
    .sort(([one], [other]) => compare(one, other))
    .map(([client, roles]) => `      ${member(key(client), roles, 6)}\n`)
  return `// Written by \`cloakwright realm types\`, for the compiler: the realm's roles. Changes here are lost.
export {}

declare module 'cloakwright' {
  interface RealmRoles {
    ${member('realm', realm, 4)}
    clients: ${members.length === 0 ? '{}' : `{\n${members.join('')}    }`}
  }
}
`
}

function withRoles(clients: readonly (readonly [string, readonly string[]])[]): RealmRoleNames['clients'] {
  return new Map(clients.filter(([, roles]) => roles.length > 0))
}

/** An export is not checked: what is no role in it gives none. */
function namesOf(roles: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(roles) ? roles : []
  return list.flatMap((role) => {
    const name = typeof role === 'object' && role !== null && 'name' in role ? role.name : undefined
    return typeof name === 'string' && name !== '' ? [name] : []
  })
}

/** As a formatter would have it: one line as long as it is short. */
function member(name: string, roles: readonly string[], indentation: number): string {
  const names = [...new Set(roles)].sort(compare).map(quoted)
  const line = `${name}: ${names.join(' | ') || 'never'}`
  if (names.length < 2 || indentation + line.length <= lineWidth) return line
  const margin = ' '.repeat(indentation + 2)
  return `${name}:\n${names.map((one) => `${margin}| ${one}`).join('\n')}`
}

const lineWidth = 110

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}

/** A name may have anything in it: JSON's escapes are TypeScript's, but for the quote. */
function quoted(name: string): string {
  const text = JSON.stringify(name).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", String.raw`\'`)
  return `'${text.replaceAll(/[\u007f-\u00a0\u2028\u2029]|\p{Cf}/gu, escaped)}'`
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }).join('')
}

/** By code unit: the same on every machine. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
