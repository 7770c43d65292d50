import type { UserFile } from '../files/index.ts'

/** Why a row is rejected that names something which the realm does not have. */
export const unknownName = {
  realmRole: (name: string): string => `there is no role ${quoted(name)}`,
  client: (clientId: string): string => `there is no client ${quoted(clientId)}`,
  clientRole: (clientId: string, name: string): string =>
    `the client ${quoted(clientId)} has no role ${quoted(name)}`,
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
