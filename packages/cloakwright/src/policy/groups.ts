import { holdsAll, undetermined } from './decision.ts'
import type { Policy } from './types.ts'

/**
 * Allows members of **every one** of the groups (claim `groups`), compared exactly with the value of the realm's group
 * membership mapper: the path (`/staff/editors`) with “Full group path”, else the name (`editors`). A path means that
 * group alone, not its subgroups. Keycloak does not escape a slash in a group's name, so a top-level group `staff/editors`
 * has the same path as `editors` below `staff`.
 *
 * @throws {CW_CONFIG_INVALID} No group, or an empty one.
 */
export function group(...groups: readonly [string, ...string[]]): Policy {
  return holdsAll(
    'group',
    groups,
    (token) => textsOf(token.claims['groups']) ?? [],
    (reason, { claims }) =>
      // Without the claim, the user may be in no group, or the client may lack the mapper.
      textsOf(claims['groups']) === undefined
        ? undetermined(`${reason} (the token has no list of groups: add a group membership mapper)`)
        : { allowed: false, code: 'CW_FORBIDDEN', reason },
  )
}

/**
 * Allows members of **every one** of the organizations (claim `organization`), by alias. Keycloak writes those that the
 * client requested: the scope `organization` gives nothing for a member of several until one is chosen,
 * `organization:ALIAS` gives one, `organization:*` all. An organization that is not in the token is refused, and so is
 * its opposite.
 *
 * @throws {CW_CONFIG_INVALID} No organization, or an empty one.
 */
export function organization(...aliases: readonly [string, ...string[]]): Policy {
  return holdsAll(
    'organization',
    aliases,
    (token) => aliasesOf(token.claims['organization']),
    (reason, { claims }) =>
      undetermined(
        claims['organization'] === undefined
          ? `${reason} (the token has no organization: request the scope organization, or organization:ALIAS or organization:* for a member of several)`
          : reason,
      ),
  )
}

/** Fails closed: a list with a value that is not a string counts as none. */
function textsOf(claim: unknown): readonly string[] | undefined {
  return Array.isArray(claim) && claim.every((one) => typeof one === 'string')
    ? (claim as string[])
    : undefined
}

/**
 * The formats of the mapper: a list of aliases, by default; one alias, if not “Multivalued”; a map by alias, with
 * attributes or the id; a list of such maps, after a refresh of an older Keycloak.
 */
function aliasesOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim]
  if (Array.isArray(claim)) return textsOf(claim) ?? claim.flatMap(keysOf)
  return keysOf(claim)
}

function keysOf(map: unknown): string[] {
  if (!isObject(map)) return []
  return Object.entries(map).flatMap(([alias, details]) => (isObject(details) ? [alias] : []))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
