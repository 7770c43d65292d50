import type { Admin } from '../../client/index.ts'
import type { JobRun, Journal, Pace, RealmFacts } from '../../jobs/index.ts'
import type { PlannedUser } from '../planned-user.ts'
import type { UsersToConfirm } from '../reconcile/index.ts'
import type { NameClash } from './name-clashes.ts'

/** What the second pass of an import needs. */
export interface ImportRun extends JobRun {
  readonly journal: Journal
  readonly nameClash: NameClash
  readonly toConfirm: UsersToConfirm
  /** Rows that only Keycloak can check against the user profile. */
  readonly uncheckedLines: ReadonlySet<number>
}

/** What the sending of users needs to know. */
export interface Sending {
  readonly admin: Admin
  readonly facts: RealmFacts
  readonly pace: Pace
  /** Told before a user is created alone, whose id Keycloak chooses. */
  readonly beforeSingle: (user: PlannedUser) => Promise<void>
  /** Whether an earlier run may have sent it. */
  readonly isBegun: (user: PlannedUser) => boolean
  readonly nameClash: NameClash
  /** Whether only Keycloak can check it against the user profile. */
  readonly isUnchecked: (user: PlannedUser) => boolean
}
