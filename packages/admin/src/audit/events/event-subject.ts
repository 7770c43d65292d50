import type { ChangeKind } from '../../changes/index.ts'
import type { AdminEventRepresentation } from '../../client/index.ts'

export type EventLike = AdminEventRepresentation

/** What an event is about, in the words of the audit trail. */
export interface Subject {
  readonly kinds: readonly ChangeKind[]
  readonly id?: string
  /** Its name, where the event tells it. */
  readonly names: readonly string[]
}

/** Reads an event's resource path: `users/{id}/groups/{id}` is about a user, `clients/{id}/roles/{name}` about a role. */
export function subjectOf({ resourcePath = '', representation, details }: EventLike): Subject {
  const shown = read(representation)
  const [first = '', second, ...rest] = resourcePath.split('/')
  const behind = rest.join('/')
  const role = (name: string): string => name.replace(/\/composites$/, '')
  switch (first) {
    case 'users':
      if (second === 'profile') return { kinds: ['realm'], names: [] }
      return about(
        ['user', 'session'],
        second,
        shown['username'],
        (details as Shown | undefined)?.['username'],
      )
    case 'groups':
      // A child is named by what was sent: the path is that of its parent, or of none.
      return behind === 'children' || second === undefined
        ? about(['group'], shown['id'], shown['name'])
        : about(['group'], second, shown['name'])
    case 'default-groups':
      return about(['group', 'realm'], second)
    case 'roles':
      return about(['realm role'], shown['id'], role([second, ...rest].join('/')))
    case 'roles-by-id':
      return about(['realm role', 'client role'], second, shown['name'])
    case 'realms':
      return about(['realm role'], second, shown['name'])
    case 'clients':
      if (rest[0] === 'roles') return about(['client role'], shown['id'], role(rest.slice(1).join('/')))
      // A partial import puts a client's role into the place of the client.
      if (shown['clientId'] === undefined && shown['id'] !== undefined && behind === '')
        return about(['client role', 'client'], shown['id'], shown['name'])
      return about(['client', 'client secret'], second, shown['clientId'])
    case 'client-scopes':
      return about(['client scope'], second, behind === '' ? shown['name'] : undefined)
    case 'default-default-client-scopes':
    case 'default-optional-client-scopes':
      return about(['client scope', 'realm'], second)
    case 'authentication':
      return second === 'required-actions'
        ? about(['required action'], undefined, rest[0])
        : about(['authentication flow'], undefined)
    case 'sessions':
      return about(['session'], second)
    case '':
    case 'events':
    case 'logout-all':
    case 'push-revocation':
      return { kinds: ['realm'], names: [] }
    default:
      return { kinds: [], names: [] }
  }
}

type Shown = Readonly<Record<string, unknown>>

function about(kinds: readonly ChangeKind[], id: unknown, ...names: readonly unknown[]): Subject {
  return {
    kinds,
    ...(typeof id === 'string' ? { id } : {}),
    names: names.filter((name): name is string => typeof name === 'string' && name !== ''),
  }
}

function read(representation: string | undefined): Shown {
  try {
    const value: unknown = JSON.parse(representation ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Shown) : {}
  } catch {
    return {}
  }
}
