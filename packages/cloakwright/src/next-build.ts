import { CloakwrightError } from './errors.ts'

/**
 * Creates what modules create at their top level. `next build` evaluates route modules, often without the environment of
 * the running service. Only there, a missing value is not an error yet: `unusable` returns an object whose functions throw
 * that error. Everywhere else, and for wrong values, the error is thrown at once.
 */
export function createOrDefer<T>(create: () => T, unusable: (error: CloakwrightError) => T): T {
  try {
    return create()
  } catch (error) {
    const isMissing = error instanceof CloakwrightError && error.code === 'CW_CONFIG_MISSING'
    // Next.js calls this PHASE_PRODUCTION_BUILD.
    if (isMissing && process.env['NEXT_PHASE'] === 'phase-production-build') return unusable(error)
    throw error
  }
}
