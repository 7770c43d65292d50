import { holdsAll, undetermined } from './decision.ts'
import type { Policy } from './types.ts'

/**
 * Allows members of **every one** of the groups (claim `groups`), compared letter by letter with what the realm's group
 * membership mapper writes: the path (`/staff/editors`) with “Full group path”, else the name (`editors`). A path is that
 * group alone, not those below it. Keycloak does not mark a slash in a group's name, so that a group `staff/editors` at
 * the top has the path of `editors` below `staff`.
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
        ? undetermined(`${reason} (the token has no list of groups: a group membership mapper adds it)`)
        : { allowed: false, code: 'CW_FORBIDDEN', reason },
  )
}

/**
 * Allows members of **every one** of the organizations (claim `organization`), by their aliases. Keycloak writes those
 * that the client asked for: the scope `organization` gives nothing for a member of several until one is chosen,
 * `organization:ALIAS` gives one, `organization:*` all. What it does not write is refused, and so is its opposite.
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
          ? `${reason} (the token names no organization: the client must ask for it, a member of several by the scope organization:ALIAS or organization:*)`
          : reason,
      ),
  )
}

/** Fails closed: a list that is not all strings is none. */
function textsOf(claim: unknown): readonly string[] | undefined {
  return Array.isArray(claim) && claim.every((one) => typeof one === 'string')
    ? (claim as string[])
    : undefined
}

/**
 * The mapper's shapes: a list of aliases, by default; one alias, not “Multivalued”; a map by alias, with attributes or
 * the id; a list of such maps, after a refresh of an older Keycloak.
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
