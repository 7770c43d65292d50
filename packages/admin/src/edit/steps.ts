import type { Change, ChangeKind } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { merged } from '../fields/index.ts'
import type { Inverse } from './inverse.ts'

/** A change of the realm that steps are run in; the id is '' where a dry run has not created the object. */
export type StepChange = Omit<Change, 'realm'>

/** One request that changes something. */
export interface Step {
  /** What it changes, as the audit trail has it. None, where it leaves nothing there. */
  readonly changes: readonly StepChange[]
  readonly run: (admin: Admin) => Promise<unknown>
  /** What it has changed after all, where only its answer or a look at the object tells. Where that fails, `changes` stand. */
  readonly made?: () => readonly StepChange[] | Promise<readonly StepChange[]>
  /** The inverse, for jobs that can be undone. */
  readonly inverse?: Inverse
}

/** The object that steps are about. */
export interface Subject {
  readonly kind: ChangeKind
  /** '' where a dry run has not created it. */
  readonly id: string
  readonly name: string
}

/** What a step changes that gives fields to an object (`to` is true), such as roles, or takes them. */
export function giving(subject: Subject, fields: readonly string[], to: boolean): StepChange {
  const all = (value: boolean) => Object.fromEntries(fields.map((field) => [field, value]))
  return { action: 'update', ...subject, fields, before: all(!to), after: all(to) }
}

/**
 * Runs steps in their order, records what they changed, also where a later one fails, and gives it. Those in a row that change the same
 * object in the same way are one change. In a dry run nothing is run or recorded: it gives what the steps would change.
 *
 * @param realm Where it is not the one that is administered.
 */
export async function runSteps(
  admin: Admin,
  steps: readonly Step[],
  realm: string = admin.realm,
): Promise<readonly Change[]> {
  if (admin.dryRun)
    return toChanges(
      realm,
      steps.flatMap(({ changes }) => changes),
    )
  const done: StepChange[] = []
  try {
    for (const step of steps) {
      await step.run(admin)
      let own = step.changes
      try {
        own = (await step.made?.()) ?? own
      } finally {
        done.push(...own)
      }
    }
  } finally {
    if (done.length > 0) await admin.recorder?.record(toChanges(realm, done))
  }
  return toChanges(realm, done)
}

function toChanges(realm: string, changes: readonly StepChange[]): readonly Change[] {
  const whole: Change[] = []
  for (const { action, kind, id = '', ...rest } of changes) {
    const change = { action, kind, realm, ...(id === '' ? {} : { id }), ...rest }
    const last = whole.at(-1)
    if (last !== undefined && isSame(last, change)) whole.splice(-1, 1, together(last, change))
    else whole.push(change)
  }
  return whole
}

function isSame(one: Change, other: Change): boolean {
  const keys = ['action', 'kind', 'id', 'name'] as const
  return keys.every((key) => one[key] === other[key])
}

function together(one: Change, other: Change): Change {
  const both = (side: 'before' | 'after') =>
    one[side] === undefined && other[side] === undefined
      ? {}
      : { [side]: merged(one[side], other[side] ?? {}) }
  return { ...one, fields: [...one.fields, ...other.fields], ...both('before'), ...both('after') }
}
