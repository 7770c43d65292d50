import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../admin.ts'
import type { Change } from '../changes.ts'
import { changedValues } from './compare.ts'
import type { RealmChange, RealmKind } from './model.ts'

/** One change of a plan, and how to make it. */
export interface Step {
  readonly change: RealmChange
  /** What the audit trail tells beside it: the values of fields that are no secret. */
  readonly values: Pick<Change, 'before' | 'after'>
  /** Reads what it touches again, so that it merges into what is there now and not when the plan was made. */
  readonly run: (admin: Admin) => Promise<void>
}

export function create(kind: RealmKind, name: string, run: Step['run'], after?: object): Step {
  return {
    change: { action: 'create', kind, name, fields: [] },
    values: after === undefined ? {} : { after: { ...after } },
    run,
  }
}

/** No step where no field differs. */
export function update(
  kind: RealmKind,
  name: string,
  fields: readonly string[],
  run: Step['run'],
  compared?: { readonly wanted: object; readonly current: object | undefined },
): Step[] {
  if (fields.length === 0) return []
  const values = compared === undefined ? {} : changedValues(compared.wanted, compared.current)
  return [{ change: { action: 'update', kind, name, fields }, values, run }]
}

/** What a definition names is not there: another writer removed it after the plan was made, or it never was. */
export function found<T>(value: T | null | undefined, what: string): T {
  if (value !== null && value !== undefined) return value
  throw new CloakwrightError(
    'CW_REALM_MISMATCH',
    `The realm has no ${what}, which its definition refers to`,
    {
      hint: 'Declare it in the definition, or create it in the realm. What was changed so far stays; running again continues.',
    },
  )
}
