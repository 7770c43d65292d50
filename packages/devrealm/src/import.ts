import { CloakwrightError } from 'cloakwright'
import {
  AdminError,
  describe,
  importRealm,
  leftOutOfRealm,
  type RealmBody,
  readRealm,
  realKeycloak,
  unusedPartsOf,
} from './admin/index.ts'
import { prepareKeys } from './crypto/index.ts'
import { masterName, removeRealm } from './defaults/index.ts'
import { type RealmStore, type Store, WriteError } from './store/index.ts'

/** What an import does with an existing realm: leave it unchanged, or replace it. */
export type ImportStrategy = 'skip' | 'replace'

/** Numbers of objects in a realm. Service accounts do not count as users. */
export interface RealmContentCount {
  readonly clients: number
  readonly groups: number
  readonly users: number
  /** Includes offline sessions. */
  readonly sessions: number
}

export interface ImportOptions {
  /** Default: `skip`. */
  readonly strategy?: ImportStrategy
  /** The source of each representation, for example a file: errors start with it. */
  readonly sources?: readonly string[]
  /**
   * Imports also settings that change security or tokens and have no effect in the embedded realm, and names them in
   * {@link ImportedRealm.warnings}. Default: false, they are refused.
   */
  readonly lenient?: boolean
}

/** The result for one realm of an import. */
export interface ImportedRealm {
  readonly realm: string
  readonly outcome: 'added' | 'replaced' | 'skipped'
  /** The content of the realm now. */
  readonly content: RealmContentCount
  /** The content of the replaced realm. */
  readonly lost?: RealmContentCount
  /** What the representation has that is without an effect here, each with its JSON path; absent if there is nothing. */
  readonly warnings?: readonly string[]
}

/**
 * Adds realms from their representations with the code of `POST /admin/realms`: all of them, or none.
 *
 * @throws {CW_REALM_INVALID} with Keycloak's error for the representation
 * @throws {CW_STATE_UNAVAILABLE} when the database could not be written
 */
export async function importInto(
  store: Store,
  representations: readonly unknown[],
  { strategy = 'skip', sources = [], lenient = false }: ImportOptions,
): Promise<ImportedRealm[]> {
  const bodies = representations.map((each, index) => {
    const source = sources[index]
    return { ...read(each, source), source }
  })
  requireOnce(bodies)
  const imported = await refusals({}, () =>
    store.atomically(async () => {
      const results: ImportedRealm[] = []
      for (const each of bodies) results.push(await importOne(store, each, { strategy, lenient }))
      return results
    }),
  )
  const made = imported.filter(({ outcome }) => outcome !== 'skipped').map(({ realm }) => store.realm(realm))
  void prepareKeys(made.filter((realm) => realm !== undefined))
  return imported
}

/** One realm to import. */
interface Item {
  readonly name: string
  readonly source: string | undefined
  readonly body: RealmBody
}

function read(representation: unknown, source: string | undefined): Omit<Item, 'source'> {
  const name = (representation as { realm?: unknown } | null | undefined)?.realm
  if (typeof name !== 'string' || name === '') {
    throw invalid(
      from(source, 'The realm representation has no "realm" (the realm name)'),
      'Import a realm export of Keycloak: an object with "realm", "clients", "users" and so on.',
    )
  }
  const body = refusals({ name, source }, () => readRealm(representation))
  return { name, body }
}

function requireOnce(items: readonly Item[]): void {
  for (const [index, { name, source }] of items.entries()) {
    const first = items.findIndex((each) => each.name === name)
    if (first === index) continue
    const also = items[first]?.source
    throw invalid(
      from(source, `The realm "${name}" is defined twice${also === undefined ? '' : `, first in ${also}`}`),
      'Import each realm once.',
    )
  }
}

function from(source: string | undefined, message: string): string {
  return source === undefined ? message : `${source}: ${message}`
}

async function importOne(
  store: Store,
  item: Item,
  { strategy, lenient }: { strategy: ImportStrategy; lenient: boolean },
): Promise<ImportedRealm> {
  const { name, source, body } = item
  const before = store.realm(name)
  if (before !== undefined && strategy === 'skip') {
    return { realm: name, outcome: 'skipped', content: contentOf(before) }
  }
  if (name === masterName) {
    throw invalid(
      from(source, 'The realm "master" cannot be replaced: it administers the other realms'),
      'Rename the imported realm.',
    )
  }
  const sameId = body.id === undefined ? undefined : store.realmById(body.id)
  if (sameId !== undefined && sameId !== before) {
    throw invalid(
      from(source, `The realm "${name}" has the same id as the realm "${sameId.info.realm}"`),
      'Remove "id" from the representation; the realm then gets a new id.',
    )
  }
  const warnings = warningsFor(item, lenient)
  const lost = before && contentOf(before)
  if (before !== undefined) removeRealm(store, before)
  const made = await refusals(item, () => importRealm(store, body))
  const content = contentOf(made)
  const named = warnings.length === 0 ? {} : { warnings }
  if (lost === undefined) return { realm: name, outcome: 'added', content, ...named }
  return { realm: name, outcome: 'replaced', content, lost, ...named }
}

/**
 * What has no effect here.
 *
 * @throws {CW_REALM_INVALID} it changes security or tokens, and the import is not lenient
 */
function warningsFor({ name, source, body }: Item, lenient: boolean): string[] {
  const leftOut = leftOutOfRealm(body)
  const unused = unusedPartsOf(body)
  if (leftOut.length > 0 && !lenient) {
    throw invalid(
      from(
        source,
        `The realm "${name}" has settings that the embedded realm does not act on: ${describe(leftOut)}`,
      ),
      `They change security or tokens: ${realKeycloak}. To import them without an effect: cloakwright devrealm --lenient, or importRealms with lenient: true.`,
    )
  }
  return [
    ...(leftOut.length === 0 ? [] : [`without an effect on security or tokens: ${describe(leftOut)}`]),
    ...(unused.length === 0 ? [] : [`not used: ${describe(unused)}`]),
  ]
}

function contentOf(realm: RealmStore): RealmContentCount {
  return {
    clients: realm.clients.size,
    groups: realm.groups.size,
    users: realm.users.values().filter((user) => user.serviceAccountClientId === undefined).length,
    sessions: realm.sessions.size + realm.offlineSessions.size,
  }
}

/** Runs `work`, synchronous or not, and converts its rejections to errors of the import. */
function refusals<T>(item: Partial<Item>, work: () => T): T {
  const rethrow = (error: unknown): never => {
    throw refusal(item, error)
  }
  try {
    const result = work()
    return result instanceof Promise ? (result.catch(rethrow) as T) : result
  } catch (error) {
    return rethrow(error)
  }
}

function refusal({ name, source }: Partial<Item>, error: unknown): unknown {
  if (error instanceof WriteError && !error.isRefusal) {
    return new CloakwrightError('CW_STATE_UNAVAILABLE', 'Could not write to the database of the realm', {
      hint: 'Check that the database is up and its disk is not full, then import again. Nothing was imported.',
      cause: error,
    })
  }
  if (error instanceof WriteError) {
    return invalid(
      'The representation has a value that the database cannot store',
      'Fix the representation.',
      error,
    )
  }
  if (!(error instanceof AdminError)) return error
  const { errorMessage, error_description, error: code } = error.body
  const reason = [errorMessage, error_description, code].find((each) => typeof each === 'string') as string
  return invalid(
    from(source, `The representation of the realm "${name}" is invalid: ${reason}`),
    'Fix the representation.',
    error,
  )
}

function invalid(message: string, hint: string, cause?: unknown): CloakwrightError {
  return new CloakwrightError('CW_REALM_INVALID', message, {
    hint,
    ...(cause === undefined ? {} : { cause }),
  })
}
