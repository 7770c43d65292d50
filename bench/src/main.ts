import { benchProtectedRoute } from './protected-route.ts'

/** Every benchmark, one after the other: `npm run bench`. The exit code is 1 when a bound does not hold. */
const held = [await benchProtectedRoute()]
if (held.includes(false)) process.exitCode = 1
