import type { Admin } from '@cloakwright/admin'
import { type AdminEvent, followEvents, followUserEvents, type UserEvent } from '@cloakwright/admin/audit'
import { CloakwrightError } from 'cloakwright'
import { type ConnectionOptions, connect } from '../../connection/index.ts'
import { localTime, printList, type Span, spanText, toSpan } from '../../terminal/index.ts'

interface Options extends ConnectionOptions {
  readonly since?: string
  readonly until?: string
  readonly logins?: true
  readonly by?: string
  readonly limit?: number
  readonly json?: true
}

/** `cloakwright events list`. */
export async function list(options: Options): Promise<void> {
  const span = toSpan(options)
  const admin = connect(options)
  const { adminEventsEnabled, eventsEnabled } = await admin.client.realms.getConfigEvents({
    realm: admin.realm,
  })
  const isLogins = options.logins === true
  const isRecorded = (isLogins ? eventsEnabled : adminEventsEnabled) === true
  await (isLogins ? listLogins : listChanges)(admin, span, options, () => {
    const what = isLogins ? 'user events' : 'administrator events'
    if (!isRecorded) {
      return `The realm ${admin.realm} does not record ${what}. Turn them on in Realm settings, Events`
    }
    const by = options.by === undefined ? '' : ` by ${options.by}`
    const other = isLogins ? 'omit --logins for administrator events' : 'add --logins for user events'
    return `The realm ${admin.realm} has no ${what}${spanText(options)}${by}. Try a longer time (--since 30d), or ${other}`
  })
}

async function listChanges(
  admin: Admin,
  span: Span,
  options: Options,
  whenEmpty: () => string,
): Promise<void> {
  const events: AdminEvent[] = []
  await followEvents(admin, { ...taken(span), onEvents: (page) => void events.push(...within(page, span)) })
  const actorOf = createActors(admin)
  const rows: (AdminEvent & { actor?: string })[] = []
  for (const event of events) {
    const actor = await actorOf(event)
    if (isBy(actor, options.by)) rows.push(actor === undefined ? event : { ...event, actor })
  }
  await printList(
    rows.slice(0, options.limit),
    [
      { name: 'time', of: ({ time }) => localTime(time) },
      { name: 'by', of: ({ actor, authDetails }) => actor ?? authDetails?.userId },
      {
        name: 'event',
        of: ({ operationType, resourceType, error }) =>
          `${operationType} ${resourceType}${error === undefined ? '' : ` failed: ${error}`}`,
      },
      { name: 'resource', of: ({ resourcePath }) => resourcePath },
      { name: 'IP address', of: ({ authDetails }) => authDetails?.ipAddress },
    ],
    options.json === true,
    whenEmpty,
  )
}

async function listLogins(
  admin: Admin,
  span: Span,
  options: Options,
  whenEmpty: () => string,
): Promise<void> {
  const events: UserEvent[] = []
  await followUserEvents(admin, {
    ...taken(span),
    onEvents: (page) => void events.push(...within(page, span)),
  })
  const nameOf = ({ details, userId }: UserEvent): string | undefined =>
    (details as { username?: string } | undefined)?.username ?? userId
  await printList(
    events.filter((event) => isBy(nameOf(event), options.by)).slice(0, options.limit),
    [
      { name: 'time', of: ({ time }) => localTime(time) },
      { name: 'user', of: nameOf },
      { name: 'event', of: ({ type, error }) => `${type}${error === undefined ? '' : `: ${error}`}` },
      { name: 'client', of: ({ clientId }) => clientId },
      { name: 'IP address', of: ({ ipAddress }) => ipAddress },
    ],
    options.json === true,
    whenEmpty,
  )
}

function taken({ since }: Span): { once: true; from: number } {
  return { once: true, from: since }
}

function within<T extends { readonly time: number }>(events: readonly T[], { since, until }: Span): T[] {
  return events.filter(({ time }) => time >= since && time <= until)
}

function isBy(name: string | undefined, by: string | undefined): boolean {
  return by === undefined || name?.toLowerCase() === by.toLowerCase()
}

/** Looks up the user name of an event's administrator, once for each id: an event has only the id. */
function createActors({ client, realm }: Admin): (event: AdminEvent) => Promise<string | undefined> {
  const names = new Map<string, string | undefined>()
  return async ({ realmId, authDetails }) => {
    const { userId: id, realmId: home } = authDetails ?? {}
    if (id === undefined) return undefined
    if (!names.has(id)) names.set(id, await nameOf(home === realmId ? realm : 'master', id))
    return names.get(id)
  }

  async function nameOf(of: string, id: string): Promise<string | undefined> {
    try {
      return (await client.users.findOne({ realm: of, id }))?.username
    } catch (error) {
      const { code } = error as CloakwrightError
      // The administrator was deleted, or belongs to a realm that this account can't read.
      if (code === 'CW_ADMIN_FORBIDDEN' || code === 'CW_ADMIN_NOT_FOUND') return undefined
      throw error
    }
  }
}
