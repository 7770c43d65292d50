import type { Client } from '../model/index.ts'
import type { Form } from '../oidc/index.ts'
import type { RealmStore } from '../store/index.ts'
import { AuthorizationPageError } from './authorization-request.ts'

/**
 * The authentication contexts that a request names: in `claims` (OpenID Connect Core section 5.5.1.1), else in `acr_values`,
 * else by the client's default. As in Keycloak, malformed claims are ignored, and no other claim of the parameter has an effect.
 *
 * @throws {AuthorizationPageError} for an essential one that has no level
 */
export function requestedAcr(realm: RealmStore, client: Readonly<Client>, form: Form): readonly string[] {
  const { values, isEssential } = readAcrClaim(form.get('claims'))
  const levels = levelsOf(realm, client)
  if (isEssential && values.some((acr) => levelOf(levels, acr) === undefined))
    throw new AuthorizationPageError(400, 'Invalid parameter: claims')
  if (values.length > 0) return values
  const standard = client.attributes['default.acr.values']?.split('##')
  return form.get('acr_values')?.split(' ') ?? standard ?? []
}

/** The `acr` of a login at this level: the highest requested one that it reaches, else the highest of the mapping. */
export function acrOf(
  realm: RealmStore,
  client: Readonly<Client>,
  requested: readonly string[],
  level: number,
): string {
  const levels = levelsOf(realm, client)
  if (levels.size === 0) return String(level)
  const highest = (names: Iterable<string>): string | undefined =>
    [...names]
      .map((acr) => ({ acr, level: levelOf(levels, acr) ?? Number.POSITIVE_INFINITY }))
      .filter((each) => each.level <= level)
      .sort((a, b) => b.level - a.level)[0]?.acr
  return highest(requested) ?? highest(levels.keys()) ?? String(level)
}

function levelOf(levels: ReadonlyMap<string, number>, acr: string): number | undefined {
  return levels.get(acr) ?? (/^-?\d{1,9}$/.test(acr) ? Number(acr) : undefined)
}

/** The attribute `acr.loa.map` of the client, else of the realm. */
function levelsOf(realm: RealmStore, client: Readonly<Client>): ReadonlyMap<string, number> {
  const own = readLevels(client.attributes['acr.loa.map'])
  return own.size > 0 ? own : readLevels(realm.info.attributes['acr.loa.map'])
}

function readLevels(text: string | undefined): ReadonlyMap<string, number> {
  const map = readJson(text)
  return new Map(
    Object.entries(map)
      .map(([acr, level]): [string, number] => [acr, Number(level)])
      .filter(([, level]) => Number.isInteger(level)),
  )
}

function readAcrClaim(text: string | undefined): { values: readonly string[]; isEssential: boolean } {
  const idToken = asObject(readJson(text)['id_token'])
  const acr = asObject(idToken['acr'])
  const values = [acr['values'] ?? acr['value'] ?? []].flat()
  return {
    values: values.filter((value) => typeof value === 'string'),
    isEssential: acr['essential'] === true,
  }
}

function readJson(text: string | undefined): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text ?? '{}'))
  } catch {
    return {}
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
