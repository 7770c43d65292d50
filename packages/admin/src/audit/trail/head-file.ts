import { open, readFile } from 'node:fs/promises'
import { CloakwrightError } from 'cloakwright'
import type { TrailHead } from '../chain/index.ts'

/**
 * Exports a trail's heads: one line each at the end of a file, made with mode 0600. Put it where whoever can write to the
 * trail cannot.
 *
 * @example
 * ```ts
 * import { createAuditTrail, headFile, ndjsonSink } from '@cloakwright/admin/audit'
 *
 * export const trail = createAuditTrail({
 *   sink: ndjsonSink('/var/log/shop/audit.ndjson'),
 *   onHead: headFile('/mnt/vault/audit-heads'),
 * })
 * ```
 */
export function headFile(path: string): (head: TrailHead) => Promise<void> {
  return async ({ sequence, hash }) => {
    const file = await open(path, 'a', 0o600)
    try {
      const { size } = await file.stat()
      try {
        await file.appendFile(`${JSON.stringify({ sequence, hash })}\n`)
        await file.sync()
      } catch (error) {
        // A full disk takes half a line, and the next head would be glued to it.
        await file.truncate(size).catch(() => {})
        throw error
      }
    } finally {
      await file.close()
    }
  }
}

/**
 * The heads that {@link headFile} exported.
 *
 * @throws {CW_CONFIG_INVALID} when a line is not a head
 */
export async function readHeads(path: string): Promise<TrailHead[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line, index) => {
    const head = parse(line)
    if (head !== undefined) return head
    throw new CloakwrightError(
      'CW_CONFIG_INVALID',
      `${path}, line ${index + 1}: not the head of an audit trail`,
    )
  })
}

function parse(line: string): TrailHead | undefined {
  try {
    const { sequence, hash } = JSON.parse(line) as Partial<TrailHead>
    return typeof sequence === 'number' && typeof hash === 'string' ? { sequence, hash } : undefined
  } catch {
    return undefined
  }
}
