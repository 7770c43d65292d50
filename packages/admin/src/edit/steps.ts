import { type Change, type ChangeKind, recorded } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'

/** What a task is about. */
export interface Subject {
  readonly kind: ChangeKind
  readonly id: string
  readonly name: string
}

/** One request of a task that gives or takes: after it, these fields are as `to` says. */
export interface Step {
  readonly fields: readonly string[]
  readonly to: boolean
  readonly run: () => Promise<unknown>
}

/** Takes the steps in their order, and records what was done also where a later one fails. */
export async function carryOut(
  admin: Admin,
  subject: Subject,
  steps: readonly Step[],
): Promise<readonly Change[]> {
  const done: Step[] = []
  try {
    for (const step of steps) {
      await step.run()
      done.push(step)
    }
  } catch (error) {
    await recorded(admin, toChanges(admin, subject, done))
    throw error
  }
  return await recorded(admin, toChanges(admin, subject, done))
}

function toChanges({ realm }: Admin, subject: Subject, done: readonly Step[]): Change[] {
  if (done.length === 0) return []
  const now = done.flatMap(({ fields, to }) => fields.map((field) => [field, to] as const))
  return [
    {
      action: 'update',
      ...subject,
      realm,
      fields: now.map(([field]) => field),
      before: Object.fromEntries(now.map(([field, to]) => [field, !to])),
      after: Object.fromEntries(now),
    },
  ]
}
