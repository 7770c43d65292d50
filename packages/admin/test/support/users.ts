import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin } from '@cloakwright/admin'
import type { ImportedUser, Row, UserFile, UserFormat } from '@cloakwright/admin/files'
import { onTestFinished } from 'vitest'

/** A file of users that is made up row by row; a row that is a text is one that can't be read, for that reason. */
export function fileOf(
  count: number,
  rowAt: (at: number) => ImportedUser | string,
  format: UserFormat = 'ndjson',
): UserFile {
  const digest = createHash('sha256')
    .update(`${format} ${count} ${JSON.stringify(count === 0 ? '' : rowAt(0))}`)
    .digest('hex')
  return {
    path: 'made-up',
    format,
    digest,
    size: count,
    // oxlint-disable-next-line require-await -- the interface is a stream's
    async *rows(): AsyncGenerator<Row> {
      for (let at = 0; at < count; at += 1) {
        const line = at + 1
        const row = rowAt(at)
        yield typeof row === 'string' ? { line, reason: row, raw: row } : { line, user: row }
      }
    },
  }
}

/** A whole user with two roles and a group. */
export function person(at: number): ImportedUser {
  const username = `user-${String(at).padStart(6, '0')}`
  return {
    username,
    enabled: true,
    email: `${username}@example.org`,
    firstName: 'First',
    lastName: `Last ${at}`,
    realmRoles: ['reader', 'writer'],
    groups: ['/staff'],
  }
}

/** A realm with the roles `reader` and `writer`, the client `shop` with the role `buyer`, and the groups `/staff`, `/staff/night`, `/everyone` (a default one). */
export async function makeRealm(admin: Admin): Promise<void> {
  const { client, realm } = admin
  await client.realms.create({ realm, enabled: true })
  for (const name of ['reader', 'writer']) await client.roles.create({ realm, name })
  const shop = await client.clients.create({
    realm,
    clientId: 'shop',
    directAccessGrantsEnabled: true,
    publicClient: true,
  })
  await client.clients.createRole({ realm, id: shop.id, name: 'buyer' })
  const staff = await client.groups.create({ realm, name: 'staff' })
  await client.groups.createChildGroup({ realm, id: staff.id }, { name: 'night' })
  const everyone = await client.groups.create({ realm, name: 'everyone' })
  await client.realms.addDefaultGroup({ realm, id: everyone.id })
}

/** Paths for a job's files, in a folder of this test's own, removed at its end. */
export async function jobFiles(): Promise<{ journal: string; rejected: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'cloakwright-job-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return { journal: join(folder, 'journal'), rejected: join(folder, 'rejected.ndjson') }
}
