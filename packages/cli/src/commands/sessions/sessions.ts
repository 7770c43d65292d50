import { type Admin, type Change, endSession, endSessions, items } from '@cloakwright/admin'
import { type ConnectionOptions, change, connect, type WriteOptions } from '../../connection/index.ts'
import { UsageError } from '../../exit.ts'
import { findClientId, findUser, notFound, userRef } from '../../lookup/index.ts'
import { printList } from '../../terminal/index.ts'

interface ListOptions extends ConnectionOptions {
  readonly user?: string
  readonly client?: string
  readonly json?: true
}

/** `cloakwright sessions list`. */
export async function list(options: ListOptions): Promise<void> {
  const { user, client } = options
  if ((user === undefined) === (client === undefined)) {
    throw new UsageError('Expected a user or a client', 'Give either --user USER or --client ID')
  }
  const admin = connect(options)
  const { users, clients } = admin.client
  const found =
    user === undefined
      ? await atClient(await findClientId(admin, client ?? ''))
      : await users.listSessions({ id: (await findUser(admin, user)).id ?? '' })

  async function atClient(id: string) {
    return items((page) => clients.listSessions({ id, ...page }))
  }

  await printList(
    found,
    [
      { name: 'session', of: ({ id }) => id },
      { name: 'user', of: ({ username }) => username },
      { name: 'IP address', of: ({ ipAddress }) => ipAddress },
      { name: 'started', of: ({ start }) => timeOf(start) },
      { name: 'last seen', of: ({ lastAccess }) => timeOf(lastAccess) },
    ],
    options.json === true,
    () =>
      user === undefined
        ? `The client ${client} has no sessions. To list those of a user: --user USER`
        : `The user ${user} has no sessions. Offline tokens are not listed here`,
  )
}

interface EndOptions extends WriteOptions {
  readonly session?: string
}

/** `cloakwright sessions end`. */
export async function end(user: string | undefined, options: EndOptions): Promise<void> {
  const { session } = options
  if (user !== undefined && session === undefined) {
    await change(options, async (admin) => endSessions(admin, await userRef(admin, user)), {
      question: `End all sessions of ${user}?`,
      unchanged: 'No session is open. Offline tokens issued until now are refused.',
    })
  } else if (user === undefined && session !== undefined) {
    const endOne = async (admin: Admin): Promise<readonly Change[]> => {
      const changes = await endSession(admin, session)
      if (changes.length > 0) return changes
      const hint = 'End all sessions of the user: cloakwright sessions end USER'
      throw notFound(
        `The realm ${admin.realm} has no session ${session}: it has ended, or belongs to an offline token`,
        hint,
      )
    }
    await change(options, endOne, { question: `End the session ${session}?` })
  } else throw new UsageError('Expected a user or --session ID', 'Give exactly one of them')
}

function timeOf(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString()
}
