import type { Policy } from '../policy/index.ts'

/** What a route requires. */
export interface Rule extends RuleOptions {
  readonly policy: Policy
  /** Whether requests without credentials are admitted; invalid ones are still refused. */
  readonly anonymous: boolean
}

/** How a route uses the session of a request. */
export interface RuleOptions {
  /**
   * Seconds: an access token of a session that was issued longer ago is refreshed first, so that changed roles take effect
   * without a new login; 0 always refreshes. Bearer tokens are not affected.
   */
  readonly freshAfter?: number | undefined
}
