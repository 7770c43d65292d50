import { CloakwrightError } from 'cloakwright'
import { isObject } from '../fields/index.ts'
import { isScalar } from './edit.ts'

/** Attributes of users, groups and roles are lists; a single value is taken as a list of one. */
export function withLists<T extends { readonly attributes?: unknown }>(edit: T): T {
  return withMap(edit, 'attributes', (value) => (isScalar(value) ? [String(value)] : value))
}

/** Attributes of clients and realms, and what a mail server has, are strings: `false` is not the same as nothing. */
export function withTexts<T extends object>(edit: T): T {
  const asText = (value: unknown): unknown => (isScalar(value) ? String(value) : value)
  return withMap(withMap(edit, 'attributes', asText), 'smtpServer', asText)
}

/**
 * A PUT sets credentials, and removes none.
 *
 * @throws {CW_ADMIN_REFUSED} for none
 */
export function withCredentials<T extends { readonly credentials?: readonly object[] | null | undefined }>(
  edit: T,
): T {
  const { credentials } = edit
  if (credentials === undefined || (credentials !== null && credentials.length > 0)) return edit
  throw new CloakwrightError('CW_ADMIN_REFUSED', 'An update cannot remove the credentials of a user', {
    hint: 'Use admin.client.users.deleteCredential.',
  })
}

function withMap<T extends object>(edit: T, field: string, to: (value: unknown) => unknown): T {
  const map: unknown = Reflect.get(edit, field)
  if (!isObject(map)) return edit
  return { ...edit, [field]: Object.fromEntries(Object.entries(map).map(([key, value]) => [key, to(value)])) }
}
