/** The part of a list that one request asks for. */
export interface Page {
  readonly first: number
  readonly max: number
}

const pageSize = 100

/**
 * Every item of a list of the Admin API, page by page: most of its lists stop at 100 without a word.
 *
 * @example
 * ```ts
 * import { type Admin, items } from '@cloakwright/admin'
 *
 * export async function printUsers(admin: Admin): Promise<void> {
 *   for await (const user of items((page) => admin.client.users.find(page))) console.log(user.username)
 * }
 * ```
 */
export async function* items<T>(list: (page: Page) => Promise<T[]>): AsyncGenerator<T, void, undefined> {
  for (let first = 0; ; first += pageSize) {
    const page = await list({ first, max: pageSize })
    yield* page
    if (page.length < pageSize) return
  }
}

/** All items of a list, in memory. */
export async function all<T>(list: (page: Page) => Promise<T[]>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items(list)) found.push(item)
  return found
}
