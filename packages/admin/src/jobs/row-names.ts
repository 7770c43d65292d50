import type { UserFile } from '../files/index.ts'

/** Why a row is rejected that names something which the realm does not have. */
export const unknownName = {
  realmRole: (at: number, name: string): string => `realmRoles[${at}]: the realm has no role ${quoted(name)}`,
  client: (clientId: string): string =>
    `clientRoles: the client ${quoted(clientId)} does not exist in the realm`,
  clientRole: (clientId: string, name: string): string =>
    `clientRoles: the client ${quoted(clientId)} has no role ${quoted(name)}`,
  group: (at: number, reason: string): string => `groups[${at}]: ${reason}`,
}

/**
 * Whether a role that the realm does not have is the default role of the realm that the file came from. Each realm's has
 * another name: by default `default-roles-` and the realm's.
 */
export function isForeignDefaultRole(name: string, { defaultRole }: UserFile): boolean {
  return name === defaultRole || name.startsWith('default-roles-')
}

/** A name of the file in a reason. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}
