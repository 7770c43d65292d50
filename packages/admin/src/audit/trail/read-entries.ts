import type { AuditEntry } from '../chain/index.ts'
import { readLine } from '../chain/index.ts'
import type { TrailSource } from '../sinks/index.ts'

/** Options of {@link auditEntries}. */
export interface AuditEntriesOptions {
  /** Told of each line that is neither an entry nor a seal, by its place. Default: ignored. */
  readonly onUnreadable?: (at: string) => void
}

/**
 * Reads a trail's entries in their order. It proves nothing: {@link verifyTrail} says whether the trail is whole.
 *
 * @example
 * ```ts
 * import { auditEntries, ndjsonSink } from '@cloakwright/admin/audit'
 *
 * for await (const { time, who, action, name } of auditEntries(ndjsonSink('/var/log/shop/audit.ndjson')))
 *   console.log(time, who, action, name)
 * ```
 */
export async function* auditEntries(
  trail: TrailSource,
  options: AuditEntriesOptions = {},
): AsyncGenerator<AuditEntry, void, undefined> {
  for await (const { text, at } of trail.lines()) {
    const line = readLine(text)
    if (line === undefined) options.onUnreadable?.(at)
    else if ('entry' in line && isShaped(line.entry)) yield line.entry
    else if ('entry' in line) options.onUnreadable?.(at)
  }
}

/** Whoever can write the file can write anything. */
function isShaped({ time, who, action, kind, name, fields }: Partial<AuditEntry>): boolean {
  const texts: readonly unknown[] = [time, who, action, kind, name]
  return texts.every((text) => typeof text === 'string') && Array.isArray(fields)
}
