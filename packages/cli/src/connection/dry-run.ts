import { randomUUID } from 'node:crypto'

/**
 * From now on no request of this process changes anything: what would is answered as Keycloak answers
 * when all is well, and what would have been made or changed is read as if it were. So a task goes its way and says what
 * it would do.
 *
 * The place is `fetch`, which everything passes: whatever a command does, no write gets out, but for the requests of an import
 * that only show its rights.
 */
export function sendNoWrites(): void {
  const send = globalThis.fetch
  const realm = new ImaginedRealm()
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    // To log in changes nothing.
    if (url.pathname.endsWith('/protocol/openid-connect/token')) return await send(request)
    const path = decodeURIComponent(url.pathname.replace(/\/+$/, ''))
    if (request.method === 'GET') {
      return realm.answer(path, url.searchParams) ?? (await realm.changed(path, await send(request)))
    }
    const asked = request.clone()
    const body = await bodyOf(request)
    if (request.method === 'POST' && showsRights(path, body)) return await send(asked)
    if (request.method === 'PUT') realm.change(path, body)
    if (request.method !== 'POST') return new Response(undefined, { status: 204 })
    const id = realm.make(path, body)
    return new Response(undefined, {
      status: 201,
      headers: { location: `${url.origin}${url.pathname}/${id}` },
    })
  }
}

/** A request that shows whether the account may do it, and changes nothing: no users to import, or a user without anything. */
function showsRights(path: string, body: Members): boolean {
  if (path.endsWith('/users')) return Object.keys(body).length === 0
  const { users, ifResourceExists: _, ...others } = body
  const isEmpty = Array.isArray(users) && users.length === 0 && Object.keys(others).length === 0
  return path.endsWith('/partialImport') && isEmpty
}

type Members = Readonly<Record<string, unknown>>

/** What the writes that were not sent would have left. Paths are those of the Admin API. */
class ImaginedRealm {
  readonly #made = new Map<string, Members>()
  readonly #changed = new Map<string, Members>()
  readonly #groupPaths = new Map<unknown, string>()
  /** Groups by the list that they would be in. */
  readonly #groups = new Map<string, readonly Members[]>()

  /** Takes a POST; gives the id of what it would have made. */
  make(path: string, body: Members): string {
    const [, , , name = '', list, parent, part] = path.split('/')
    const realm = `/admin/realms/${name}`
    const id = randomUUID()
    const it = { ...body, id }
    if (path.endsWith('/users')) this.#made.set(`${path}/${id}`, it)
    if (path.endsWith('/roles')) {
      this.#made.set(`${path}/${String(body['name'])}`, it)
      this.#made.set(`${realm}/roles-by-id/${id}`, it)
    }
    if (list === 'groups' && (parent === undefined || part === 'children')) {
      const groupPath = `${this.#groupPaths.get(parent) ?? ''}/${String(body['name'])}`
      this.#groupPaths.set(id, groupPath)
      const group = { ...it, path: groupPath, ...(parent === undefined ? {} : { parentId: parent }) }
      this.#made.set(`${realm}/groups/${id}`, group)
      this.#made.set(`${realm}/group-by-path${groupPath}`, group)
      this.#groups.set(path, [...(this.#groups.get(path) ?? []), group])
    }
    return id
  }

  /** Takes a PUT. */
  change(path: string, body: Members): void {
    this.#changed.set(path, { ...this.#changed.get(path), ...body })
  }

  /** The answer to a GET for what was not really made. */
  answer(path: string, query: URLSearchParams): Response | undefined {
    const it = this.#made.get(path)
    if (it !== undefined) return Response.json({ ...it, ...this.#changed.get(path) })
    const search = query.get('exact') === 'true' ? query.get('search') : null
    const group = this.#groups.get(path)?.find(({ name }) => name === search)
    if (group !== undefined) return Response.json([group])
    for (const [each, made] of this.#made) {
      // Nothing belongs to it yet, no group is below it.
      if (path.startsWith(`${each}/`)) {
        if (each.includes('/group-by-path/')) return Response.json({}, { status: 404 })
        return Response.json(path.endsWith('/role-mappings') ? {} : [])
      }
      const isAskedFor = query.get('exact') === 'true' && query.get('username') === made['username']
      if (isAskedFor && each.startsWith(`${path}/`)) return Response.json([made])
    }
    return undefined
  }

  /** The server's answer to a GET, with what was not really changed. */
  async changed(path: string, response: Response): Promise<Response> {
    if (!response.ok) return response
    const change = this.#changed.get(path)
    if (change === undefined && !path.includes('/group-by-path/')) return response
    const it = (await response.json()) as Members
    this.#groupPaths.set(it['id'], String(it['path']))
    return Response.json({ ...it, ...change })
  }
}

async function bodyOf(request: Request): Promise<Members> {
  const text = await request.text()
  const value: unknown = text === '' ? {} : JSON.parse(text)
  return typeof value === 'object' && !Array.isArray(value) ? { ...value } : {}
}
