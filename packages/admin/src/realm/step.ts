import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../admin.ts'
import type { Change } from '../changes.ts'
import { type FieldChange, fieldName } from './compare.ts'
import type { RealmChange, RealmChangeDetail, RealmKind } from './model.ts'
import { valuesByField, valuesByObject, withoutSecrets } from './values.ts'

/** One change of a plan, and how to make it. */
export interface Step {
  readonly change: RealmChange
  /** The change with its values, as a plan shows it. */
  readonly detail: RealmChangeDetail
  /** What the audit trail tells beside the change. */
  readonly values: Pick<Change, 'before' | 'after'>
  /** Reads what it touches again, so that it merges into what is there now and not when the plan was made. */
  readonly run: (admin: Admin) => Promise<void>
}

/** `after`: the object as it is created. */
export function create(kind: RealmKind, name: string, run: Step['run'], after: object): Step {
  const change = { action: 'create', kind, name, fields: [] } as const
  const values = { after: withoutSecrets(present(after)) }
  return { change, detail: { ...change, before: {}, ...values }, values, run }
}

/** No step where no field differs. */
export function update(
  kind: RealmKind,
  name: string,
  changes: readonly FieldChange[],
  run: Step['run'],
): Step[] {
  if (changes.length === 0) return []
  const change = { action: 'update', kind, name, fields: changes.map(fieldName) } as const
  const detail = { ...change, ...valuesByField(changes) }
  return [{ change, detail, values: valuesByObject(changes), run }]
}

/** What a definition names is not there: another writer removed it after the plan was made. */
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

function present(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
