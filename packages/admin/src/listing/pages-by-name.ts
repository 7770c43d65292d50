import type { Page } from '../client/index.ts'

const pageSize = 500

/**
 * Pages of a list that is ordered by user name, as Keycloak's lists of users are; an item that was seen is left out.
 *
 * Keycloak counts from the list's beginning, so that whoever is created or deleted on pages that were read shifts the rest.
 * Each page therefore begins with the last item of the one before it; where it does not, items moved forward past it.
 */
export async function* pagesByName<T extends { readonly id?: string }>(
  list: (page: Page) => Promise<T[] | null | undefined>,
  max: number = pageSize,
): AsyncGenerator<T[], void, undefined> {
  const seen = new Set<string>()
  for (let first = 0; ; ) {
    const page = (await list({ first, max })) ?? []
    const [start] = page
    if (first > 0 && (start === undefined || !seen.has(start.id ?? ''))) {
      first = Math.max(0, first - max)
      continue
    }
    const fresh = page.filter(({ id = '' }) => !seen.has(id))
    for (const { id = '' } of fresh) seen.add(id)
    if (fresh.length > 0) yield fresh
    if (page.length < max) return
    first += max - 1
  }
}
