import type { Admin } from '../client/admin.ts'
import type { DeadLetter } from '../files/rejected-rows-file.ts'
import type { UserFile } from '../files/rows.ts'
import type { Journal, LineMap } from '../jobs/journal/index.ts'
import type { Pace } from '../jobs/pace.ts'
import type { ProgressListener } from '../jobs/progress.ts'
import type { RealmFacts } from '../jobs/realm-facts.ts'
import type { ImportWarning } from './check/warnings.ts'
import type { UsersToConfirm } from './reconcile/users-to-confirm.ts'
import type { NameClash } from './send/name-clashes.ts'

/** What all passes of an import need. */
export interface Run {
  readonly admin: Admin
  readonly file: UserFile
  readonly facts: RealmFacts
  readonly deadLetter: DeadLetter
  readonly options: { readonly signal?: AbortSignal; readonly onProgress?: ProgressListener }
}

export interface Counts {
  readonly rows: number
  readonly failed: number
}

/** What the first pass found. */
export interface Checked {
  readonly counts: Counts
  readonly bad: LineMap
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
