/**
 * Reads the routes out of Fastify's own list of them, so that new routes are covered at once.
 *
 * @param {string} tree what `app.printRoutes({ commonPrefix: false })` gives
 * @returns {{ method: string, path: string }[]}
 */
export function routesIn(tree) {
  const routes = []
  const parents = []
  for (const line of tree.split('\n')) {
    const found = /^([│├└─\s]*)(\S+)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (found === null) continue
    const [, indent, segment, methods] = found
    const depth = indent.length / 4
    const path = (parents[depth - 1] ?? '') + segment
    parents[depth] = depth === 1 && segment === '/' ? '/' : path
    parents.length = depth + 1
    for (const method of methods?.split(', ') ?? []) routes.push({ method, path: path.replace(/^\/\//, '/') })
  }
  return routes
}
