import type { Seal } from './chain.ts'
import type { AuditEntry } from './entry.ts'

/** What a line of a trail says; undefined where it is neither an entry nor a seal. */
export function readLine(text: string): { entry: AuditEntry } | { seal: Seal } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  if (Object.hasOwn(value, 'seal')) return isSeal(value['seal']) ? { seal: value['seal'] } : undefined
  return Number.isSafeInteger(value['sequence']) ? { entry: value as unknown as AuditEntry } : undefined
}

function isSeal(value: unknown): value is Seal {
  if (!isRecord(value)) return false
  const { first, last, rows, previous, hash } = value
  return (
    Number.isSafeInteger(first) &&
    Number.isSafeInteger(last) &&
    Array.isArray(rows) &&
    rows.every((row) => typeof row === 'string') &&
    (last as number) - (first as number) + 1 === rows.length &&
    rows.length > 0 &&
    (previous === null || typeof previous === 'string') &&
    typeof hash === 'string'
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
