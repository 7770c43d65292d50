import { CloakwrightError } from 'cloakwright'
import type { ChangeKind } from '../../changes/index.ts'
import type { Admin } from '../../client/index.ts'
import type { AuditEntry } from '../chain/index.ts'
import { readLine } from '../chain/index.ts'
import type { TrailSource } from '../sinks/index.ts'
import { type EventLike, subjectOf } from './event-subject.ts'

/** Where a change came from, as far as the toolkit's audit trail knows. */
export interface EventOrigin {
  /** The administrator's user name, where it may be read. */
  readonly actor?: string
  /** The trail's entries that the event belongs to; empty: it was not made by the toolkit. Undefined: no trail was asked. */
  readonly entries?: readonly number[]
}

/** Milliseconds after its event that an entry may be recorded, and before it, for clocks differ. */
const latest = 60_000
const earliest = 5_000

type Known = Pick<AuditEntry, 'sequence' | 'kind' | 'id' | 'name' | 'account'> & { readonly at: number }

/**
 * Finds the entries of events: same realm, same kind of object, same id (or name, where either has no id), same
 * administrator, recorded within a minute. It cannot tell the toolkit from someone else who changes the same object with
 * the same account in that minute.
 */
export function createMatcher(
  admin: Admin,
  trail: TrailSource,
): (events: readonly (EventLike & { readonly time: number })[]) => Promise<EventOrigin[]> {
  const actorOf = createActors(admin)
  let window: Known[] = []
  let read = 0

  async function load(since: number): Promise<void> {
    window = window.filter(({ at }) => at >= since)
    for await (const { text } of trail.lines(read)) {
      const line = readLine(text)
      if (line === undefined || !('entry' in line)) continue
      const { sequence, kind, id, name, account, realm, time } = line.entry
      if (sequence <= read) continue
      read = sequence
      const at = Date.parse(time)
      if (realm !== admin.realm || at < since) continue
      window.push({ sequence, kind, name, at, ...(id && { id }), ...(account && { account }) })
    }
  }

  return async (events) => {
    const times = events.map(({ time }) => time)
    // Entries stay for a while longer than these events need, for those that come late.
    await load(Math.min(...times) - 2 * latest)
    const byKind = new Map<ChangeKind, Known[]>()
    for (const entry of window) {
      const list = byKind.get(entry.kind)
      if (list === undefined) byKind.set(entry.kind, [entry])
      else list.push(entry)
    }
    const origins: EventOrigin[] = []
    for (const event of events) {
      const subject = subjectOf(event)
      const actor = await actorOf(event)
      const entries = subject.kinds
        .flatMap((kind: ChangeKind) => byKind.get(kind) ?? [])
        .filter(
          (entry) =>
            entry.at >= event.time - earliest &&
            entry.at <= event.time + latest &&
            isSameActor(entry.account, actor) &&
            isSameObject(entry, subject),
        )
      origins.push({
        ...(actor === undefined ? {} : { actor }),
        entries: entries.map(({ sequence }) => sequence),
      })
    }
    return origins
  }
}

function isSameObject(entry: Known, { id, names }: ReturnType<typeof subjectOf>): boolean {
  if (entry.id !== undefined && id !== undefined) return entry.id === id
  // Neither says which: an object of that kind, at that time, by that administrator.
  if (names.length === 0) return entry.id === undefined || id === undefined
  return names.some((name) => entry.name === name || entry.name.endsWith(`/${name}`))
}

function isSameActor(account: string | undefined, actor: string | undefined): boolean {
  if (account === undefined || actor === undefined) return true
  return [account.toLowerCase(), `service-account-${account.toLowerCase()}`].includes(actor.toLowerCase())
}

/** Names of administrators that are remembered: an event has their ids only. */
const mostActors = 1000

function createActors({ client, realm }: Admin): (event: EventLike) => Promise<string | undefined> {
  const names = new Map<string, string | undefined>()
  return async ({ realmId, authDetails }) => {
    const { userId: id, realmId: home } = authDetails ?? {}
    if (id === undefined) return undefined
    if (!names.has(id)) {
      if (names.size >= mostActors) names.clear()
      // Administrators belong to the realm itself or to master.
      const user = await client.users
        .findOne({ realm: home === realmId ? realm : 'master', id })
        .catch((error: unknown) => {
          const { code } = error as CloakwrightError
          if (code === 'CW_ADMIN_FORBIDDEN' || code === 'CW_ADMIN_NOT_FOUND') return undefined
          throw error
        })
      names.set(id, user?.username)
    }
    return names.get(id)
  }
}
