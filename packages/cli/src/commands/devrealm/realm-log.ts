import type { DevRealmOptions } from '@cloakwright/devrealm'
import { note } from '../../terminal/index.ts'

/** Shows the realm's warnings and errors, a line each. Requests are not shown. */
export function realmLog(): NonNullable<DevRealmOptions['logger']> {
  const show = (details: unknown, message?: string): void => note(toLine(details, message))
  const ignore = (): void => {}
  const log = {
    level: 'warn',
    fatal: show,
    error: show,
    warn: show,
    info: ignore,
    debug: ignore,
    trace: ignore,
    silent: ignore,
    child: () => log,
  }
  return log
}

function toLine(details: unknown, message = 'The embedded realm failed'): string {
  if (details instanceof Error) return `${message}: ${details.message}`
  const values = Object.entries((details ?? {}) as Record<string, unknown>).map(([name, value]) =>
    value instanceof Error ? value.message : `${name}: ${String(value)}`,
  )
  return [message, ...values].join('; ')
}
