import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Where requests are sent. All requests to the realm use `fetchBounded`, which follows no redirect and limits the body. A new
 * line here needs a reason.
 */
const senders = {
  'packages/cloakwright/src/http/bounded-fetch.ts': 1,
  // Forwards to the `fetch` that it observes or replaces.
  'packages/cloakwright/src/token/observe.ts': 1,
  // The script of the API documentation page: a browser request to its own origin.
  'apps/server/src/http/docs.ts': 1,
  // Runs in a browser, which sends the session's cookie itself; one is the function that it offers to pages.
  'packages/cloakwright/src/browser/index.ts': 3,
  // A page for browsers: asks its own origin.
  'packages/devrealm/src/pages/session-status.ts': 1,
  // The function that it offers, and hints. It follows no redirect, and the application reads the body.
  'packages/cloakwright/src/clients/caller.ts': 3,
  'packages/cloakwright/src/clients/options.ts': 1,
}

const calls =
  /(?<![\w.]|function |async )(?:(?:globalThis|options|config|init|this)\??\.)?fetch\(|\bhttps?\.(?:request|get)\(|\bundici\b/g

test('every request in packages and applications uses fetchBounded', () => {
  const found: Record<string, number> = {}
  for (const file of sources()) {
    const code = readFileSync(join(root, file), 'utf8').replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')
    const count = code.match(calls)?.length ?? 0
    if (count > 0) found[file] = count
  }

  expect(found).toEqual(senders)
})

function sources(): string[] {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => filesIn(join(root, group, entry.name, 'src'))),
  )
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
}
