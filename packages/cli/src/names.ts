import type { RoleNames } from '@cloakwright/admin'
import { UsageError } from './exit.ts'

/** Roles as options give them. */
export interface RoleOptions {
  readonly role?: readonly string[]
  readonly clientRole?: readonly string[]
}

/** `--role NAME` and `--client-role CLIENT:ROLE`, `undefined` where there is none. */
export function toRoleNames({ role, clientRole }: RoleOptions): RoleNames | undefined {
  if (role === undefined && clientRole === undefined) return undefined
  const client = new Map<string, string[]>()
  for (const text of clientRole ?? []) {
    const [id, name] = pairOf(text, ':', '--client-role', 'CLIENT:ROLE, such as shop-api:stock-keeper')
    client.set(id, [...(client.get(id) ?? []), name])
  }
  return { realm: role ?? [], client: Object.fromEntries(client) }
}

/** `--attribute NAME=VALUE`, several values of one name together; `undefined` where there is none. */
export function toAttributes(texts: readonly string[] | undefined): Record<string, string[]> | undefined {
  if (texts === undefined) return undefined
  const values = new Map<string, string[]>()
  for (const text of texts) {
    const [name, value] = pairOf(text, '=', '--attribute', 'NAME=VALUE, such as team=blue')
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return Object.fromEntries(values)
}

/** Both halves of an option's value. @throws {UsageError} */
export function pairOf(text: string, between: string, option: string, form: string): [string, string] {
  const at = text.indexOf(between)
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`${option} ${text} has no ${between}`, `Write it as ${form}`)
}
