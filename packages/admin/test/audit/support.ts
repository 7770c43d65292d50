import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin, Change } from '@cloakwright/admin'
import type { TrailLine, TrailSource } from '@cloakwright/admin/audit'

/** A folder of the test's own. */
export async function openFolder(): Promise<{ path: (name: string) => string; close: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cloakwright-audit-'))
  return {
    path: (name) => join(folder, name),
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Changes of users `user-1`, `user-2`… */
export function changes(count: number, from = 1): Change[] {
  return Array.from({ length: count }, (_, index) => ({
    action: 'create',
    kind: 'user',
    realm: 'shop',
    id: `id-${from + index}`,
    name: `user-${from + index}`,
    fields: [],
    after: { enabled: true },
  }))
}

/** A trail in memory, as `lines` of a sink gives it. */
export function sourceOf(lines: readonly string[]): TrailSource {
  return {
    async *lines(): AsyncGenerator<TrailLine, void, undefined> {
      for (const [index, text] of lines.entries()) yield { text, at: `line ${index + 1}` }
    },
  }
}

export async function linesOf(source: TrailSource, after?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const { text } of source.lines(after)) lines.push(text)
  return lines
}

/** Has changes recorded, as a task does that has made them. */
export async function recorded(admin: Admin, changes: readonly Change[]): Promise<void> {
  await admin.recorder?.record(changes)
}
