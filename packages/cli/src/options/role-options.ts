import type { RoleNames } from '@cloakwright/admin'
import { UsageError } from '../exit.ts'

/** The options that name roles. */
export interface RoleOptions {
  readonly role?: readonly string[]
  readonly clientRole?: readonly string[]
}

/** Parses `--role NAME` and `--client-role CLIENT:ROLE`; `undefined` without either. */
export function toRoleNames({ role, clientRole }: RoleOptions): RoleNames | undefined {
  if (role === undefined && clientRole === undefined) return undefined
  const client = new Map<string, string[]>()
  for (const text of clientRole ?? []) {
    const [id, name] = clientRoleOf(text)
    client.set(id, [...(client.get(id) ?? []), name])
  }
  return { realm: role ?? [], client: Object.fromEntries(client) }
}

/**
 * Parses `CLIENT:ROLE`. If a name contains a colon, `::` separates the two.
 *
 * @throws {UsageError} when it is ambiguous
 */
function clientRoleOf(text: string): [string, string] {
  const form = 'CLIENT:ROLE, such as shop-api:stock-keeper'
  const [client = '', role = '', more] = text.split('::')
  if (client !== '' && role !== '' && more === undefined) return [client, role]
  const parts = text.split(':')
  if (parts.length <= 2) return pairOf(text, ':', '--client-role', form)
  const ways = parts
    .slice(1)
    .map((_, at) => `client ${parts.slice(0, at + 1).join(':')} with role ${parts.slice(at + 1).join(':')}`)
  throw new UsageError(
    `--client-role ${text} is ambiguous: ${ways.join('; ')}`,
    `Put :: between client and role: ${parts.slice(0, -1).join(':')}::${parts.at(-1)}`,
  )
}

/** Parses `--attribute NAME=VALUE` and groups the values of one name; `undefined` without any. */
export function toAttributes(texts: readonly string[] | undefined): Record<string, string[]> | undefined {
  if (texts === undefined) return undefined
  const values = new Map<string, string[]>()
  for (const text of texts) {
    const [name, value] = pairOf(text, '=', '--attribute', 'NAME=VALUE, such as team=blue')
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return Object.fromEntries(values)
}

/** Splits an option's value into two. @throws {UsageError} */
export function pairOf(text: string, between: string, option: string, form: string): [string, string] {
  const at = text.indexOf(between)
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`${option} ${text} has no ${between}`, `Write it as ${form}`)
}
