import { type User, valuesIn } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { wildcardMatcher } from '../../text/index.ts'
import { byUsername } from '../representations/index.ts'
import type { Query } from '../request/index.ts'

/**
 * The users that match a query, by name. `search` covers user name, e-mail and names (a prefix, `*` anywhere, `"whole"`; each
 * of several words must match) and disables the single filters. These match a part or, with `exact`, the whole value.
 */
export function findUsers(realm: RealmStore, query: Query): Readonly<User>[] {
  const byId = /^id:(.*)$/.exec(query.text('search')?.trim() ?? '')
  if (byId !== null) {
    const ids = (byId[1] ?? '').trim().split(/\s+/)
    return ids.map((id) => realm.users.get(id)).filter((user) => user !== undefined)
  }
  const conditions = [...textConditions(query), ...flagConditions(query), ...attributeConditions(query)]
  const found = realm.users.values().filter((user) => conditions.every((condition) => condition(user)))
  return byUsername(found)
}

type Condition = (user: Readonly<User>) => boolean

const textMembers = ['username', 'email', 'firstName', 'lastName'] as const

function textConditions(query: Query): Condition[] {
  const search = query.text('search')
  if (search !== undefined) {
    const words = search.match(/"[^"]*"|\S+/g) ?? []
    return [isPerson, ...words.map(searchCondition)]
  }
  const exact = query.flag('exact') === true
  const conditions = textMembers.flatMap((member): Condition[] => {
    const wanted = query.text(member)?.toLowerCase()
    if (wanted === undefined || wanted === '') return []
    return [
      (user) => {
        const value = user[member]?.toLowerCase()
        return exact ? value === wanted : (value?.includes(wanted) ?? false)
      },
    ]
  })
  // Without a filter, service accounts are excluded.
  const filters = [...textMembers, 'enabled', 'emailVerified', 'exact', 'q', 'idpAlias']
  return filters.some((name) => query.text(name) !== undefined) ? conditions : [isPerson]
}

const isPerson: Condition = (user) => user.serviceAccountClientId === undefined

function searchCondition(word: string): Condition {
  const quoted = /^"(.*)"$/.exec(word)?.[1]
  const matches = wildcardMatcher((quoted ?? `${word}*`).toLowerCase())
  return (user) => textMembers.some((member) => matches(user[member]?.toLowerCase() ?? ''))
}

function flagConditions(query: Query): Condition[] {
  return (['enabled', 'emailVerified'] as const).flatMap((member): Condition[] => {
    const wanted = query.flag(member)
    return wanted === undefined ? [] : [(user) => user[member] === wanted]
  })
}

function attributeConditions(query: Query): Condition[] {
  const attributes = query.text('search') === undefined ? query.attributes() : []
  const conditions = attributes.map(([name, value]): Condition => {
    const member = textMembers.find((each) => each === name)
    if (member !== undefined) return (user) => user[member]?.toLowerCase() === value.toLowerCase()
    return (user) => valuesIn(user.attributes, name).includes(value)
  })
  // No user of an embedded realm comes from an identity provider.
  return query.text('idpAlias') === undefined ? conditions : [() => false]
}
