import type { Author, Change } from '../../changes/index.ts'
import { masked } from '../../fields/index.ts'

/** A change as the audit trail keeps it. */
export interface AuditEntry extends Change {
  /** Its place in the trail, from 1. */
  readonly sequence: number
  /** When it was recorded, just after it was made: ISO 8601, in UTC. */
  readonly time: string
  /** Who asked for it; unless told otherwise, the account. */
  readonly who: string
  /** The user name or client id that it was made with. */
  readonly account?: string
  readonly why?: string
  readonly requestId?: string
}

/** An entry that has no place yet. */
export type UnplacedEntry = Omit<AuditEntry, 'sequence'>

/** Only these members, whatever else a task left in its change; values masked. */
export function toEntry(change: Change, author: Author, time: string): UnplacedEntry {
  const { action, kind, realm, id, name, fields, before, after } = change
  const { who, account, why, requestId } = author
  const isSecret = kind === 'client secret'
  return {
    time,
    who: who ?? account ?? 'unknown',
    ...(account === undefined ? {} : { account }),
    ...(why === undefined ? {} : { why }),
    ...(requestId === undefined ? {} : { requestId }),
    realm,
    action,
    kind,
    ...(id === undefined ? {} : { id }),
    name,
    fields,
    ...(before === undefined ? {} : { before: values(before, isSecret) }),
    ...(after === undefined ? {} : { after: values(after, isSecret) }),
  }
}

/** Of a client's secret, `value` is the secret itself. */
function values(given: Readonly<Record<string, unknown>>, isSecret: boolean): Record<string, unknown> {
  return masked(isSecret ? { ...given, type: 'secret' } : given) as Record<string, unknown>
}
