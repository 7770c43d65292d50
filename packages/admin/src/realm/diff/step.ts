import type { Change, RealmKind } from '../../changes/index.ts'
import type { Admin } from '../../client/index.ts'
import { type FieldChange, fieldName } from '../../fields/index.ts'
import type { RealmChange, RealmChangeDetail } from '../definition/index.ts'
import { valuesByField, valuesByObject } from './values.ts'

/** A part of a change that one request makes, so that it can be recorded where a later one fails. */
export interface Part {
  readonly changes: readonly FieldChange[]
  /** Reads what it touches again, so that it merges into what is there now and not when the plan was made. */
  readonly run: (admin: Admin) => Promise<unknown>
}

/** One change of a plan, and how to make it. */
export interface Step {
  readonly change: RealmChange
  /** The change with its values, as a plan shows it. */
  readonly detail: RealmChangeDetail
  readonly parts: readonly Part[]
}

/** The first part creates the object, the others give it what Keycloak takes by requests of their own. */
export function create(kind: RealmKind, name: string, parts: readonly Part[]): Step {
  const change = { action: 'create', kind, name, fields: [] } as const
  return { change, detail: { ...change, before: {}, after: valuesByObject(changesOf(parts)).after }, parts }
}

/** No step where no field differs. */
export function update(kind: RealmKind, name: string, given: readonly Part[]): Step[] {
  const parts = given.filter(({ changes }) => changes.length > 0)
  const changes = changesOf(parts)
  if (changes.length === 0) return []
  const change = { action: 'update', kind, name, fields: changes.map(fieldName) } as const
  return [{ change, detail: { ...change, ...valuesByField(changes) }, parts }]
}

/** What the audit trail tells of a step of which these parts were made. */
export function recordOf({ change }: Step, made: readonly Part[], realm: string): Change {
  const changes = changesOf(made)
  const { before, after } = valuesByObject(changes)
  if (change.action === 'create') return { ...change, realm, after }
  return { ...change, realm, fields: changes.map(fieldName), before, after }
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
