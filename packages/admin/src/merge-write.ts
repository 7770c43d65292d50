import { CloakwrightError } from 'cloakwright'
import type { Admin } from './admin.ts'
import { type Change, type ChangeKind, recorded } from './changes.ts'
import { type Difference, differences, type Edit, nameOf, same, shown, valueAt } from './edit.ts'
import { inTurn } from './in-turn.ts'
import { absent } from './tasks/lookup.ts'

/** What shall change, or how to find out from the object as it is now. The function may be given what others wrote meanwhile. */
export type EditOf<T> = Edit<T> | ((current: T) => Edit<T>)

/** Options of the update functions. */
export interface UpdateOptions<T> {
  /**
   * The representation that the edit was made on, perhaps minutes ago. What the edit has in common with it is not written,
   * and where somebody else has changed what is written since, the update fails and writes nothing.
   */
  readonly basedOn?: T
}

/** What differs between the kinds of objects. */
export interface Kind<T extends object> {
  readonly kind: ChangeKind
  readonly id: string
  readonly name: (current: T) => string
  readonly read: () => Promise<T | undefined>
  /** An edit in the form in which Keycloak gives the values back, so that they can be compared. */
  readonly wanted: (edit: Edit<T>) => Edit<T>
  /** What a PUT must have so that nothing else changes. */
  readonly body: (current: T, changes: readonly Difference[]) => object
  readonly write: (body: object) => Promise<unknown>
  /** What Keycloak may leave out without a word. */
  readonly mayVanish?: (change: Difference) => boolean
}

/**
 * Reads an object, writes what an edit changes about it, and gives the change that was made.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 * @throws {CW_ADMIN_CHANGED}
 * @throws {CW_ADMIN_REFUSED}
 */
export async function update<T extends object>(
  admin: Admin,
  edit: EditOf<T>,
  { basedOn }: UpdateOptions<T>,
  of: Kind<T>,
): Promise<readonly Change[]> {
  return await inTurn(`${admin.server} ${admin.realm} ${of.kind} ${of.id}`, async () => {
    const current = (await of.read()) ?? absent(admin, `${of.kind} with the id ${of.id}`)
    const wanted = of.wanted(typeof edit === 'function' ? edit(structuredClone(current)) : edit)
    const changes =
      basedOn === undefined ? differences(current, wanted) : since(basedOn, current, wanted, of.name(current))
    if (changes.length === 0) return []
    await of.write(of.body(current, changes))
    const lost = of.mayVanish !== undefined && changes.some(of.mayVanish) ? await vanished(of, changes) : []
    const made = await recorded(admin, toChanges(admin, of, current, without(changes, lost)))
    if (lost.length > 0) throw notKept(of, current, lost)
    return made
  })
}

/** What the edit changed about its base, unless it is so by now. */
function since<T extends object>(basedOn: T, current: T, wanted: Edit<T>, name: string): Difference[] {
  const changes = differences(basedOn, wanted)
    .map((change) => ({ ...change, before: valueAt(current, change) }))
    .filter(({ before, after }) => !same(before, after))
  const changed = changes.filter((change) => !same(change.before, valueAt(basedOn, change)))
  if (changed.length === 0) return changes
  throw new CloakwrightError(
    'CW_ADMIN_CHANGED',
    `Somebody else has changed ${changed.map(nameOf).join(', ')} of ${name} since it was read; nothing was written`,
    { hint: 'Read it again, look at what has changed, and make your change on that.' },
  )
}

async function vanished<T extends object>(
  of: Kind<T>,
  changes: readonly Difference[],
): Promise<readonly Difference[]> {
  const now = (await of.read()) ?? {}
  return changes.filter((change) => of.mayVanish?.(change) && !same(valueAt(now, change), change.after))
}

function notKept<T extends object>(of: Kind<T>, current: T, lost: readonly Difference[]): CloakwrightError {
  return new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `Keycloak did not keep ${lost.map(nameOf).join(', ')} of ${of.kind} ${of.name(current)}`,
    {
      hint: "The realm's user profile must declare an attribute, or allow unmanaged ones; a required action must exist there. Or somebody changed it at the same moment.",
    },
  )
}

function toChanges<T extends object>(
  { realm }: Admin,
  { kind, id, name }: Kind<T>,
  current: T,
  changes: readonly Difference[],
): Change[] {
  if (changes.length === 0) return []
  const [before, after] = [shown(changes, 'before'), shown(changes, 'after')]
  return [
    { action: 'update', kind, realm, id, name: name(current), fields: changes.map(nameOf), before, after },
  ]
}

function without(changes: readonly Difference[], lost: readonly Difference[]): readonly Difference[] {
  return changes.filter((change) => !lost.includes(change))
}
