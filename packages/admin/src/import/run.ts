import type { Admin } from '../client/index.ts'
import type { RejectedRows, UserFile } from '../files/index.ts'
import type { Journal, LineMap, Pace, RealmFacts } from '../jobs/index.ts'
import type { ProgressListener } from '../progress/index.ts'
import type { ImportWarning } from './check/index.ts'
import type { UsersToConfirm } from './reconcile/index.ts'
import type { NameClash } from './send/index.ts'

/** What all passes of an import need. */
export interface Run {
  readonly admin: Admin
  readonly file: UserFile
  readonly facts: RealmFacts
  readonly rejectedRows: RejectedRows
  readonly options: { readonly signal?: AbortSignal; readonly onProgress?: ProgressListener }
}

export interface Counts {
  readonly rows: number
  readonly rejected: number
}

/** What the first pass found. */
export interface Checked {
  readonly counts: Counts
  readonly rejectedLines: LineMap
  readonly warnings: readonly ImportWarning[]
  /** Rows that only Keycloak can check against the user profile. */
  readonly uncheckedLines: ReadonlySet<number>
}

/** What the second pass needs. */
export interface Import extends Run, Checked {
  readonly journal: Journal
  readonly pace: Pace
  readonly nameClash: NameClash
  readonly toConfirm: UsersToConfirm
}

/** How many rows came to which end. */
export type Ends = Counts & typeof noEnds

export const noEnds = { created: 0, present: 0, existing: 0 }
