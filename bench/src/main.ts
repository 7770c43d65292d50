import { benchCalls } from './calls.ts'
import { benchFlood } from './flood.ts'
import { benchForward } from './forward.ts'
import { benchImportTime } from './import-time.ts'
import { benchListing } from './listing.ts'
import { benchNewTokens } from './new-tokens.ts'
import { benchOutage } from './outage.ts'
import { benchPeers } from './peers.ts'
import { benchProtectedRoute } from './protected-route.ts'
import { benchRoutes } from './routes.ts'
import { benchSessionFailures } from './session-failures.ts'
import { benchSessions } from './sessions.ts'
import { benchUsers } from './users.ts'
import { benchVerification } from './verification.ts'

/** Each topic prints its tables and returns whether its limits are met. */
const topics: Readonly<Record<string, () => Promise<boolean>>> = {
  verification: benchVerification,
  flood: benchFlood,
  'import-time': benchImportTime,
  'protected-route': benchProtectedRoute,
  routes: benchRoutes,
  'new-tokens': benchNewTokens,
  peers: benchPeers,
  sessions: benchSessions,
  'session-failures': benchSessionFailures,
  forward: benchForward,
  outage: benchOutage,
  calls: benchCalls,
  listing: benchListing,
  users: benchUsers,
}

/** All benchmarks in sequence, or the named ones: `npm run bench -- verification`. The exit code is 1 if a limit is not met. */
const named = process.argv.slice(2)
const unknown = named.filter((name) => !Object.hasOwn(topics, name))
if (unknown.length > 0) {
  console.error(`Unknown topic: ${unknown.join(', ')}. Topics: ${Object.keys(topics).join(', ')}.`)
  process.exitCode = 2
} else {
  for (const [name, run] of Object.entries(topics)) {
    if (named.length > 0 && !named.includes(name)) continue
    if (!(await run())) process.exitCode = 1
  }
}
