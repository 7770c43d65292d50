import type { RealmKind } from '../../changes/index.ts'
import type { Admin } from '../../client/index.ts'
import type { Step } from '../../edit/index.ts'
import { type FieldChange, fieldName } from '../../fields/index.ts'
import type { RealmChange, RealmChangeDetail } from '../definition/index.ts'
import { valuesByField, valuesByObject } from './values.ts'

/** A part of a change that one request makes, so that it can be recorded where a later one fails. */
export interface Part {
  readonly changes: readonly FieldChange[]
  /** Reads what it touches again, so that it merges into the current state, not that of the plan. */
  readonly run: (admin: Admin) => Promise<unknown>
}

/** One change of a plan, and how to make it. */
export interface PlannedChange {
  readonly change: RealmChange
  /** The change with its values, as a plan shows it. */
  readonly detail: RealmChangeDetail
  readonly steps: readonly Step[]
}

/** The first part creates the object, the others give it what Keycloak takes by requests of their own. */
export function create(kind: RealmKind, name: string, parts: readonly Part[]): PlannedChange {
  const change = { action: 'create', kind, name, fields: [] } as const
  const steps = parts.map(({ changes, run }) => ({
    changes: [{ ...change, after: valuesByObject(changes).after }],
    run,
  }))
  return { change, detail: { ...change, before: {}, after: valuesByObject(changesOf(parts)).after }, steps }
}

/** None where no field differs. */
export function update(kind: RealmKind, name: string, given: readonly Part[]): PlannedChange[] {
  const parts = given.filter(({ changes }) => changes.length > 0)
  const all = changesOf(parts)
  if (all.length === 0) return []
  const about = { action: 'update', kind, name } as const
  const change = { ...about, fields: all.map(fieldName) }
  const steps = parts.map(({ changes, run }) => ({
    changes: [{ ...about, fields: changes.map(fieldName), ...valuesByObject(changes) }],
    run,
  }))
  return [{ change, detail: { ...change, ...valuesByField(all) }, steps }]
}

/** The fields of an object that is created. */
export function fieldsOf(object: object): readonly FieldChange[] {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([field, after]: [string, unknown]) => ({ path: [field], before: undefined, after }))
}

function changesOf(parts: readonly Part[]): readonly FieldChange[] {
  return parts.flatMap(({ changes }) => changes)
}
