/** Responses with the current time, or with data that is only in memory by design. */
const volatile =
  /admin-events|\/events$|sessions|session-|stats|attack-detection|serverinfo|evaluate-scopes|unregistered/

/**
 * The visible state of a realm: every list without a path parameter, and each user, group, client and flow. The order of lists
 * does not count.
 */
export async function snapshot(send, routes, realm) {
  const shown = new Map()
  const read = async (path) => {
    const { status, body } = await send(path)
    const json = parse(body)
    shown.set(path, `${status} ${JSON.stringify(ordered(json))}`)
    return Array.isArray(json) ? json : []
  }
  const gets = routes.filter(({ method, path }) => method === 'GET' && !volatile.test(path))
  const base = '/admin/realms/:realm'
  for (const { path } of gets) {
    if (!path.startsWith(base) || /[:*]/.test(path.slice(base.length))) continue
    const entries = await read(path.replace(':realm', encodeURIComponent(realm)))
    for (const route of gets) {
      const below = route.path.slice(path.length)
      if (!route.path.startsWith(`${path}/:`) || /[:*]/.test(below.replace(/^\/:\w+/, ''))) continue
      for (const entry of entries.slice(0, 12)) {
        const id = route.path.includes(':roleName') ? entry.name : (entry.alias ?? entry.id)
        if (typeof id !== 'string' || id === '') continue
        await read(route.path.replace(':realm', encodeURIComponent(realm)).replace(/:\w+/, encodeSafely(id)))
      }
    }
  }
  return shown
}

/** The paths whose responses differ, with both responses. */
export function differences(before, after) {
  return [...before].flatMap(([path, value]) => {
    const other = after.get(path)
    return other === value ? [] : [{ path, before: value, after: other ?? 'not asked for' }]
  })
}

/** The same string for the same members and entries in any order. */
function ordered(value) {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    return value.map((each) => JSON.stringify(ordered(each))).sort((a, b) => (a < b ? -1 : 1))
  }
  return Object.entries(value)
    .map(([name, member]) => [name, ordered(member)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function encodeSafely(text) {
  try {
    return encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}
