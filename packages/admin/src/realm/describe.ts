import type { RealmChange } from './definition/index.ts'

/**
 * One line that says what a change does: `+ client shop-api`, `~ user alice: roles.admin`. No value, and so no secret.
 *
 * @example
 * ```ts
 * import { describeChange } from '@cloakwright/admin/realm'
 *
 * describeChange({ action: 'create', kind: 'user', name: 'alice', fields: [] }) // '+ user alice'
 * ```
 */
export function describeChange({ action, kind, name, fields }: RealmChange): string {
  const changed = fields.length === 0 ? '' : `: ${fields.join(', ')}`
  return `${action === 'create' ? '+' : '~'} ${kind} ${name}${changed}`
}
