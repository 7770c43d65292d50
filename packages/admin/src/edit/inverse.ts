import type { RoleNames } from '../lookup/index.ts'

/** What takes a change of one user back, beyond deleting it. */
export interface Inverse {
  readonly enabled?: boolean
  /** Roles that were granted. */
  readonly revoke?: RoleNames
  /** Paths of groups that were joined. */
  readonly leave?: readonly string[]
}

/** What takes all of these back; short, for a journal has one for each user. */
export function allInverses(inverses: readonly (Inverse | undefined)[]): Inverse {
  const given = inverses.filter((inverse) => inverse !== undefined)
  const enabled = given.find((inverse) => inverse.enabled !== undefined)?.enabled
  const realm = union(given.map(({ revoke }) => revoke?.realm))
  const client = new Map<string, string[]>()
  for (const { revoke } of given) {
    for (const [id, names] of Object.entries(revoke?.client ?? {}))
      client.set(id, union([client.get(id), names]))
  }
  const leave = union(given.map((inverse) => inverse.leave))
  const revoke = {
    ...(realm.length === 0 ? {} : { realm }),
    ...(client.size === 0 ? {} : { client: Object.fromEntries(client) }),
  }
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(Object.keys(revoke).length === 0 ? {} : { revoke }),
    ...(leave.length === 0 ? {} : { leave }),
  }
}

function union(lists: readonly (readonly string[] | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))]
}
