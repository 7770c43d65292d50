import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../client/index.ts'
import { requireKnown } from '../fields/index.ts'

/** Options of {@link ensureUser}, {@link ensureGroup} and {@link ensureRole}. */
export interface EnsureOptions {
  /** What to do where it exists: change it to match, or fail and change nothing. Default: `change`. */
  readonly existing?: 'change' | 'refuse'
}

/** @throws {CW_CONFIG_INVALID} for an option that is not known */
export function requireEnsureOptions(what: string, options: EnsureOptions): void {
  requireKnown(what, options, { existing: true })
}

/** @throws {CW_ADMIN_CONFLICT} where it exists, and was only to be created */
export function requireNew(
  { realm }: Admin,
  { existing }: EnsureOptions,
  what: string,
  isNew: boolean,
): void {
  if (isNew || existing !== 'refuse') return
  throw new CloakwrightError(
    'CW_ADMIN_CONFLICT',
    `The realm ${realm} already has the ${what}; nothing was changed`,
    {
      hint: "To change it, use --update on the command line, or existing: 'change' in a program. Add --dry-run to see the changes first.",
    },
  )
}
