import { CloakwrightError } from 'cloakwright'
import type { Change, ChangeKind } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { mask, requireKnown } from '../fields/index.ts'
import { absent } from '../lookup/index.ts'
import { covers, type Difference, differences, type Edit, nameOf, same, shown, valueAt } from './edit.ts'
import { type FixedFields, requireChangeable } from './fixed-fields.ts'
import { inTurn } from './in-turn.ts'
import { runSteps, type Step, type StepChange } from './steps.ts'

/** What to change, or how to find out from the object as it is now. The function may be given what others wrote meanwhile. */
export type EditOf<T, E = Edit<T>> = E | ((current: T) => E)

/** Options of the update functions. */
export interface UpdateOptions<T> {
  /**
   * The representation that the edit was made on, perhaps minutes ago. What the edit has in common with it is not written,
   * and where someone else has changed what is written since, the update fails and writes nothing.
   */
  readonly basedOn?: T
}

/** What differs between the kinds of objects. */
export interface Kind<T extends object> {
  readonly kind: ChangeKind
  /** '' where a dry run has not created it. */
  readonly id: string
  readonly name: (current: T) => string
  /** The object as it is; after a write, which may have renamed it, with what was written. */
  readonly read: (written?: readonly Difference[]) => Promise<T | undefined>
  /** What a PUT ignores. */
  readonly fixed: FixedFields
  /** An edit in the form in which Keycloak gives the values back, so that they can be compared. */
  readonly wanted: (edit: Edit<T>) => Edit<T>
  /** What a PUT must have so that nothing else changes. */
  readonly body: (current: T, changes: readonly Difference[]) => object
  readonly write: (body: object) => Promise<unknown>
  /** Why Keycloak may keep another value than it was given. */
  readonly lostBecause: string
}

/**
 * Reads an object, writes what an edit changes about it, reads it again, and gives the changes that Keycloak made.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 * @throws {CW_ADMIN_CHANGED}
 * @throws {CW_ADMIN_REFUSED}
 */
export async function update<T extends object>(
  admin: Admin,
  edit: EditOf<T>,
  options: UpdateOptions<T>,
  of: Kind<T>,
): Promise<readonly Change[]> {
  requireKnown(`An update of a ${of.kind}`, options, { basedOn: true })
  const { basedOn } = options
  return await inTurn(`${admin.server} ${admin.realm} ${of.kind} ${of.id}`, async () => {
    const current = (await of.read()) ?? absent(admin, `${of.kind} with the id ${of.id}`)
    const wanted = of.wanted(typeof edit === 'function' ? edit(structuredClone(current)) : edit)
    requireChangeable(of.kind, of.fixed, [current, basedOn ?? current], wanted)
    const changes =
      basedOn === undefined ? differences(current, wanted) : since(basedOn, current, wanted, of.name(current))
    if (changes.length === 0) return []
    let lost: readonly Difference[] = []
    const step: Step = {
      changes: toChanges(of, current, changes),
      run: () => of.write(of.body(current, changes)),
      async made() {
        const result = outcome(changes, (await of.read(changes)) ?? {})
        ;({ lost } = result)
        return toChanges(of, current, result.made)
      },
    }
    const made = await runSteps(admin, [step])
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
    `Someone else changed ${changed.map(nameOf).join(', ')} of ${name} after it was read; nothing was written`,
    { hint: 'Read it again, check what changed, and repeat your change.' },
  )
}

interface Outcome {
  /** What is different now, with the value that Keycloak kept. */
  readonly made: readonly Difference[]
  /** What is not as it was written. */
  readonly lost: readonly Difference[]
}

/** Keycloak responds 204 also where it ignored a field: so what was written is compared with what is read afterwards. */
function outcome(changes: readonly Difference[], now: object): Outcome {
  const compared = changes.map((change) => {
    const value = valueAt(now, change)
    const isHidden = change.field === 'credentials' || value === mask
    const isKept = isHidden || covers(value, change.after)
    // What is as before and yet as written was so already, except for ids and defaults that Keycloak added.
    const isMade = isHidden || !same(value, change.before)
    return { change, isKept, made: isMade ? [isKept ? change : { ...change, after: value }] : [] }
  })
  return {
    made: compared.flatMap(({ made }) => made),
    lost: compared.filter(({ isKept }) => !isKept).map(({ change }) => change),
  }
}

function notKept<T extends object>(of: Kind<T>, current: T, lost: readonly Difference[]): CloakwrightError {
  return new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `Keycloak did not save ${lost.map(nameOf).join(', ')} of ${of.kind} ${of.name(current)}`,
    { hint: `${of.lostBecause} Or someone else changed it at the same time.` },
  )
}

function toChanges<T extends object>(
  { kind, id, name }: Kind<T>,
  current: T,
  changes: readonly Difference[],
): StepChange[] {
  if (changes.length === 0) return []
  const [before, after] = [shown(changes, 'before'), shown(changes, 'after')]
  return [{ action: 'update', kind, id, name: name(current), fields: changes.map(nameOf), before, after }]
}
