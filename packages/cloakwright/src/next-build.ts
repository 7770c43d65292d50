import { CloakwrightError } from './errors.ts'

/**
 * Creates what modules create at their top. `next build` evaluates route modules, often without the environment of the
 * running service: only there, what is missing is no error yet, and `unusable` gives an object whose functions fail with
 * that error. Everywhere else, and for what is wrong rather than missing, the error is thrown at once.
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
