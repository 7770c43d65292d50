import { CloakwrightError } from 'cloakwright'

/** The part of a list that one request asks for. Not an interface, which no list would take as its query. */
export type Page = {
  readonly first: number
  readonly max: number
}

/**
 * Every item of a list of the Admin API, page by page: most of its lists silently stop at 100, those of a group's
 * children at 10.
 *
 * `pageSize` is the number of items that one request asks for. Default: 100. A list that Keycloak gives as a whole, whatever
 * page was asked for, is read once. Pages are counted from the start: who is deleted while the list is read moves those
 * behind one place forward, so collect first what you delete.
 *
 * @throws {CW_CONFIG_INVALID} when `pageSize` is not a whole number above 0
 * @example
 * ```ts
 * import { type Admin, items } from '@cloakwright/admin'
 *
 * export async function printUsers(admin: Admin): Promise<void> {
 *   for await (const user of items((page) => admin.client.users.find(page), 500)) console.log(user.username)
 * }
 * ```
 */
export async function* items<T>(
  list: (page: Page) => Promise<T[]>,
  pageSize = 100,
): AsyncGenerator<T, void, undefined> {
  if (!Number.isSafeInteger(pageSize) || pageSize < 1)
    throw new CloakwrightError('CW_CONFIG_INVALID', 'The page size must be a whole number above 0', {
      hint: 'Give a number from 1 to 1,000.',
    })
  let beginning: string | undefined
  for (let first = 0; ; first += pageSize) {
    const page = await list({ first, max: pageSize })
    const begins = JSON.stringify(page[0])
    // The first page again, or more than one page: a list that knows no pages, of which there is no end otherwise.
    if (first > 0 && begins === beginning) return
    beginning ??= begins
    yield* page
    if (page.length !== pageSize) return
  }
}

/** All items of a list, in memory. */
export async function all<T>(list: (page: Page) => Promise<T[]>, pageSize?: number): Promise<T[]> {
  const found: T[] = []
  for await (const item of items(list, pageSize)) found.push(item)
  return found
}
